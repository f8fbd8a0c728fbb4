from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser

import pandas as pd
import pytest

import forecasting as fc
from forecasting.display import plain, records
from forecasting.report import checklist, provenance, render
from forecasting.report.page import _is_web, _power
from tests.report.jumps import TAG, Case, nasty, shipped, yearly

VOID = {"meta", "br", "hr", "img", "input", "link"}
PARTS = (
    "answer",
    "months",
    "observed",
    "verdicts",
    "step",
    "priors",
    "readings",
    "next",
    "facts",
    "methods",
    "checklist",
    "again",
)


class Reader(HTMLParser):
    """Collects what the tests ask about, and fails on tags that do not match."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@cache
def page(case: Case) -> str:
    return rendered(case)


def rendered(case: Case) -> str:
    record = provenance(case.ledger, command="forecasting jump", seed=1, draws=300)
    items = checklist(plain({**case.report.to_dict(), "facts": records(case.data.facts), "truth": records(case.truth)}))
    tables = {"facts": case.data.facts, "readings": case.readings, "truth": case.truth}
    return render(case.report, **tables, record=record, items=items)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def test_the_page_is_whole_and_has_every_part() -> None:
    reader = read(page(shipped()))
    sections = [attributes.get("id") for attributes in reader.of("section")]
    assert tuple(sections) == PARTS
    links = [str(attributes["href"]) for attributes in reader.of("a")]
    assert {link[1:] for link in links if link.startswith("#")} <= set(PARTS)
    assert reader.of("html")[0]["lang"] == "en"
    assert any(meta.get("name") == "viewport" for meta in reader.of("meta"))


def test_windows_of_unlike_length_are_compared_per_month() -> None:
    """Three months of 70 follow six of 50: the total falls while the count of a month rises."""
    months = pd.period_range("2024-01", periods=12, freq="M")
    series = fc.CountSeries(months, [50] * 6 + [60] * 3 + [70] * 3)
    report = fc.jump(series, ("2024-01", "2024-06"), ("2024-10", "2024-12"), draws=100, rng=1)
    html = render(report)
    assert "<h1>Was the rise from 50.0 to 70.0 per month a surprise?</h1>" in html
    assert "<b>1.40</b><span>times the monthly mean of January to June 2024" in html
    assert "<h1>Was the rise from 305 to 577 a surprise?</h1>" in page(shipped())


def test_identifiers_are_unique() -> None:
    names = re.findall(r'\sid="([^"]*)"', page(shipped()))
    assert len(names) == len(set(names))


def test_nothing_is_fetched_from_elsewhere() -> None:
    html = page(shipped())
    reader = read(html)
    assert not [tag for tag, attributes in reader.tags if "src" in attributes or tag in ("link", "script", "img")]
    outside = [tag for tag, attributes in reader.tags if str(attributes.get("href", "#"))[0] != "#"]
    assert set(outside) == {"a"}
    assert "@import" not in html
    assert "url(http" not in html


def test_every_picture_has_an_alternative_text() -> None:
    pictures = read(page(shipped())).of("svg")
    assert len(pictures) == 5
    assert all(picture["role"] == "img" and picture["aria-label"] for picture in pictures)


def test_the_same_request_gives_the_same_page() -> None:
    assert rendered(shipped()) == page(shipped())


def test_the_verdict_comes_first_and_what_few_read_is_folded() -> None:
    html = page(shipped())
    assert html.index('class="verdict"') < html.index("<svg") < html.index('id="observed"')
    folded = re.findall(r'<details class="part"><summary>.*?</summary>\n<section id="(\w+)"', html)
    assert folded == ["facts", "methods", "checklist"]
    assert not re.search(r"<details[^>]* open", html)


def test_pictures_take_their_colours_from_the_page_and_say_their_numbers() -> None:
    html = page(shipped())
    pictures = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert not [colour for picture in pictures for colour in re.findall(r"(?:fill|stroke): (#\w+)", picture)]
    assert all(picture.count("<title>") > 2 for picture in pictures)
    assert "<title>June 2023: 54, known exactly</title>" in pictures[0]
    assert re.search(r"<title>July 2023: median \d+\n50%: \d+ to \d+\n90%: \d+ to \d+\nallowed by the facts: ", html)


def test_the_verdict_and_the_numbers_are_there() -> None:
    case = shipped()
    text = re.sub(r"\s+", " ", " ".join(read(page(case)).text))
    for said in (
        "1.64 to 2.18",
        "1.65 to 2.18",
        "1.66 to 2.20",
        "Why a p-value of 3.6",
        "windows, uneven months",
        "from September 2023 on over all before, uneven months",
        "3 divided by that number",
        "< 1%",  # none of 300 draws
        "counselled-apart",
        "119 to 271",
        "284",
    ):
        assert said in text
    assert "the facts leave" not in text
    assert "facts of today leave 0 to 283" in text
    assert "season (8 months; a season needs at least 24)" in text
    assert "The Moscow Times" in text
    assert "forecasting jump" in text


def test_names_of_forecasts_stay_on_one_line() -> None:
    assert '<th scope="row" class="limits">Revert(2023-06..2023-08)<span>' in page(shipped())


def test_headers_stand_over_their_cells() -> None:
    table = page(shipped()).split("Quality of the posterior draws")[1].split("</table>")[0]
    assert '<th scope="col">given</th>' in table
    assert '<td data-label="given">all facts</td>' in table
    assert 'class="text"' not in table


def test_everything_from_data_is_escaped() -> None:
    html = page(nasty())
    assert TAG not in html
    assert "&lt;script&gt;alert" in html
    reader = read(html)
    assert not reader.of("script")
    assert not [link for link in reader.of("a") if "javascript" in str(link["href"])]


def test_a_page_without_extras_and_with_ranges_for_totals() -> None:
    report = yearly()
    facts = nasty().data.facts
    html = render(report, facts=facts)
    reader = read(html)
    assert "readings" not in [section.get("id") for section in reader.of("section")]
    assert "30 to 40" in html
    assert "as nothing but the two windows is known" in html
    assert "over all before" not in html
    assert "Why a p-value" not in html


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/a", True),
        ("http://example.org", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("https:", False),
        ("http://[", False),
        (None, False),
        ("", False),
    ],
)
def test_only_web_addresses_become_links(url: str | None, expected: bool) -> None:
    assert _is_web(url) is expected


def test_tiny_numbers_are_written_as_powers() -> None:
    assert _power(3.56e-20) == "3.6 &times; 10<sup>&minus;20</sup>"
    assert _power(0.0) == "less than 10<sup>&minus;300</sup>"
    assert _power(0.018) == "0.018"
