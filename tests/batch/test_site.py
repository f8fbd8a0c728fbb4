from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest

from forecasting.batch import series_picture
from forecasting.batch.archive import Archive
from forecasting.batch.site import build_site
from forecasting.batch.site.charts import HEIGHT, WIDTH, draw, sparkline
from forecasting.batch.site.pages import file_name
from forecasting.errors import ArchiveError, InvalidInput
from tests.batch import sites


@pytest.fixture
def archive(filled: Path) -> str:
    return str(filled)


class Elements(HTMLParser):
    """Tags with attributes, and the text outside scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] not in ("script", "style"):
            self.text += data


def pages(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.html"))}


def index_rows(folder: Path) -> dict[str, list[object]]:
    text = (folder / "index.html").read_text(encoding="utf-8")
    (block,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, flags=re.DOTALL)
    return {row[0]: row for row in json.loads(block)["rows"]}


def test_no_part_of_a_name_is_in_a_path(site: Path) -> None:
    found = {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()}
    series = {f"series/{file_name(name)}.html" for name in sites.SERIES}
    assert found == {".forecasting-report", "index.html", "monitor.html", *series}
    assert all(re.fullmatch(r"series/[0-9a-f]{20}\.html", name) for name in series)


def test_names_are_text_and_nothing_else(site: Path) -> None:
    for path, text in pages(site).items():
        elements = Elements(text)
        allowed = {"index.html": ["script", "script"]}.get(path, [])
        assert [tag for tag, _ in elements.tags if tag in ("script", "img", "i", "iframe", "object", "link")] == allowed
        assert not [name for _, attributes in elements.tags for name in attributes if name.startswith(("on", "style"))]
        if path.startswith("series"):
            assert any(name in elements.text for name in sites.SERIES)
    assert set(index_rows(site)) == {*sites.SERIES, sites.BAD}


def test_every_link_leads_to_a_page_of_the_site(site: Path) -> None:
    for path, text in pages(site).items():
        links = [attributes["href"] for tag, attributes in Elements(text).tags if tag == "a"]
        assert path == "index.html" or links
        for link in links:
            assert (site / path).parent.joinpath(unquote(str(link))).resolve().is_file()


def test_the_policy_forbids_everything_but_what_is_on_the_page(site: Path) -> None:
    for text in pages(site).values():
        (policy,) = [
            str(attributes["content"])
            for tag, attributes in Elements(text).tags
            if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
        ]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in text.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")


def test_attention_is_called_where_it_is_due(site: Path) -> None:
    rows = index_rows(site)
    assert rows[sites.DRIFTING][2] == "DJ"
    assert rows[sites.PLAIN][2] == "JN"
    assert rows[sites.LOST][2] == "X"
    assert rows[sites.BAD][1:3] == ["", "B"]
    assert rows[sites.HOSTILE[0]][2] == ""


def test_a_line_of_the_index_is_the_first_models(site: Path) -> None:
    name, file, _, model, last, count, middle, low, high, scored, held, crps, _ = index_rows(site)[sites.PLAIN]
    assert (name, file, model, last, count) == (sites.PLAIN, file_name(sites.PLAIN), "auto", "2023-12", 400)
    assert (low, middle, high) == tuple(sites.issues.record(sites.issues.vintage(), level=20.0).quantiles[[0, 4, 8], 0])
    assert scored == 6  # three months, seen from one, two and three months before
    assert 0.0 <= held <= 1.0  # type: ignore[operator]
    assert crps > 0.0  # type: ignore[operator]


def test_the_page_of_a_series_shows_history_forecasts_scores_and_messages(site: Path) -> None:
    text = (site / "series" / f"{file_name(sites.PLAIN)}.html").read_text(encoding="utf-8")
    said = Elements(text).text
    assert "59 months with a count, 2019-01 to 2023-12" in said
    assert said.index("Forecast by auto from 2023-12") < said.index("Forecast by baseline <b> from 2023-12")
    assert said.count("1 of 3 counts lie outside the widest shade") == 2
    assert "Means over the 6 months" in said
    sums = np.sort(sites.issues.record(sites.issues.vintage(), level=20.0).paths.sum(axis=1))
    assert f"total 2024-01 to 2024-03; 90% interval {sums[9]} to {sums[189]}" in said
    assert "k-hat 0.91, ess 12" in said
    assert said.count("k-hat tells how far the weighted draws of the parameters can be trusted") == 1  # of two models
    assert "400 in 2023-12 is above the forecast of auto from 2023-11" in said
    assert text.count("<svg") == 4


def test_a_series_without_forecasts_or_without_scores_has_a_page(site: Path) -> None:
    lost = Elements((site / "series" / f"{file_name(sites.LOST)}.html").read_text(encoding="utf-8")).text
    assert "SamplingError: <b>no</b> sampler worked" in lost
    new = Elements((site / "series" / f"{file_name(sites.NEW)}.html").read_text(encoding="utf-8")).text
    assert "Nothing is scored yet" in new


def test_several_processes_write_the_same_bytes(
    archive: str, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecasting.batch.site.build._FEW", 0)
    monkeypatch.setattr("forecasting.batch.site.build._TOGETHER", 5)
    again = build_site(archive, tmp_path / "report", models=("auto",), workers=2).folder
    assert pages(again) == pages(site)


def test_an_interrupted_report_leaves_the_old_one(
    archive: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = build_site(archive, tmp_path / "report").folder
    before = pages(folder)

    def fail(*_: object) -> str:
        raise RuntimeError("interrupted")

    with monkeypatch.context() as patch:
        patch.setattr("forecasting.batch.site.build._monitor_page", fail)
        with pytest.raises(RuntimeError, match="interrupted"):
            build_site(archive, folder)
    assert pages(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
    build_site(archive, folder)  # and an old one is replaced
    assert pages(folder) == before


def test_what_killed_reports_have_left_is_cleaned_up(archive: str, tmp_path: Path) -> None:
    folder = build_site(archive, tmp_path / "report").folder
    before = pages(folder)
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    mark = f".report-{platform.node()}-"
    killed, living, other = (tmp_path / f"{mark}{owner}-abc" for owner in (dead.pid, os.getppid(), "x"))
    for space in (killed, living, other):
        (space / "new").mkdir(parents=True)
    folder.rename(killed / "old")  # killed between the two renames
    with pytest.raises(ArchiveError):
        build_site(str(tmp_path / "none.db"), folder)
    build_site(archive, tmp_path / "another")
    assert killed.exists()
    build_site(archive, folder)
    assert pages(folder) == before
    assert [space.exists() for space in (killed, living, other)] == [False, True, True]


def test_a_folder_of_something_else_is_not_touched(archive: str, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InvalidInput, match="no report"):
        build_site(archive, tmp_path)
    with pytest.raises(InvalidInput, match="cannot be written"):
        build_site(archive, tmp_path / "thesis.txt" / "report")
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_a_report_needs_an_archive(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="no archive"):
        build_site(str(tmp_path / "none.db"), tmp_path / "report")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_archive_has_an_empty_report(tmp_path: Path) -> None:
    address = str(tmp_path / "archive.db")
    Archive.open(address).close()
    assert build_site(address, tmp_path / "report").series == 0
    assert index_rows(tmp_path / "report") == {}


def test_a_picture_stands_alone(archive: str, site: Path) -> None:
    text = (site / "series" / f"{file_name(sites.PLAIN)}.html").read_text(encoding="utf-8")
    on_page = re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)
    with Archive.open(archive) as opened:
        alone = [
            series_picture(opened, sites.PLAIN, model, past=past)
            for model in ("auto", "baseline <b>")
            for past in (False, True)
        ]
        with pytest.raises(InvalidInput, match="say which with model"):
            series_picture(opened, sites.PLAIN)
        with pytest.raises(InvalidInput, match="not forecast by 'ARIMA'; use one of"):
            series_picture(opened, sites.PLAIN, "ARIMA")
        with pytest.raises(InvalidInput, match="no forecast of 'nobody'"):
            series_picture(opened, "nobody")
        with pytest.raises(InvalidInput, match="nothing to compare"):
            series_picture(opened, sites.NEW, past=True)
    for drawing, shown in zip(alone, on_page, strict=True):
        root = ElementTree.fromstring(drawing)  # XML as it stands
        assert not [element for element in root.iter() if "class" in element.attrib]
        painted = [element for element in root.iter() if element.tag.endswith(("path", "circle", "text"))]
        assert all({"fill", "stroke"} & set(element.attrib) for element in painted)
        assert re.findall(r' d="(.*?)"', drawing) == re.findall(r' d="(.*?)"', shown)


def numbers(path: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+\.?\d*", path)]


def test_a_chart_stays_within_its_frame_and_says_where_it_cuts() -> None:
    counts = np.array([3.0, np.nan, 5.0, 4.0, np.nan, np.nan])
    ahead = np.array([np.nan] * 4 + [4.0, 5.0])
    bands = [(ahead - 4.0, ahead * 1000.0), (ahead - 1.0, ahead + 1.0)]
    chart = draw("words", 600, counts, ahead, bands)
    assert chart.cut == "20"  # four times the largest count
    assert chart.line.count("M") == 2  # the gap is no line
    assert [number for number, _ in chart.bands] == [0, 1]
    for path in (chart.line, *(outline for _, outline in chart.bands)):
        x, y = numbers(path)[::2], numbers(path)[1::2]
        assert 0 <= min(x) <= max(x) <= WIDTH
        assert 0 <= min(y) <= max(y) <= HEIGHT
    assert [tick.label for tick in chart.months] == ["Jan", "Feb", "Mar", "Apr", "May", "Jun"]
    assert chart.months[0].below == "2020"


def test_a_count_without_neighbours_is_no_speck() -> None:
    counts = np.array([np.nan, 5.0, np.nan, 3.0, 4.0])
    for path in (sparkline(counts), draw("words", 0, counts, np.full(5, np.nan), []).line):
        alone, together = path.removeprefix("M").split("M")
        for ends in (numbers(alone)[::2], numbers(alone)[1::2]):
            assert max(ends) - min(ends) >= 2.0
        assert together.count("L") == 1


def test_counts_outside_the_widest_interval_are_marked() -> None:
    y, low, high = np.array([1.0, 5.0, 9.0]), np.full(3, 2.0), np.full(3, 8.0)
    chart = draw("words", 0, y, np.full(3, 5.0), [(low, high)], compared=True)
    assert [dot.outside for dot in chart.dots] == [True, False, True]


@pytest.mark.parametrize("counts", [[], [7.0], [np.nan, np.nan], [0.0, 0.0], [1e12, 1.0]])
def test_any_counts_have_a_line(counts: list[float]) -> None:
    assert "nan" not in sparkline(np.array(counts))


def test_a_picture_alone_has_the_light_colours_of_the_style_sheet(archive: str) -> None:
    sheet = (files("forecasting.batch.site") / "templates" / "style.css").read_text(encoding="utf-8")
    light = set(re.findall(r"#[0-9a-f]{6}\b", sheet.partition("@media")[0]))
    with Archive.open(archive) as opened:
        drawn = {
            colour
            for past in (False, True)
            for colour in re.findall(r"#[0-9a-f]{6}\b", series_picture(opened, opened.series()[0], "auto", past=past))
        }
    assert len(drawn) > 5
    assert drawn <= light
