"""The report in a real browser: it draws, searches and sorts, asks for nothing, and runs nothing that came from data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forecasting.batch.site.build import COLUMNS, TEXTS
from forecasting.batch.site.content import FLAGS
from forecasting.batch.site.pages import file_name, render
from tests.batch import chromium, sites

NAMES = "[...document.querySelectorAll('#series tbody tr')].map(row => row.cells[0].textContent)"
FOUND = "document.getElementById('found').textContent"
SLOWEST = 2.0  # seconds for a search or a sort of 5,000 series


@pytest.fixture(scope="module")
def browser() -> Iterator[chromium.Chromium]:
    if chromium.find() is None:
        reason = "Chromium is not installed: the report was not tested in a browser"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    opened = chromium.Chromium()
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
def index(browser: chromium.Chromium, site: Path) -> Iterator[chromium.Chromium]:
    browser.open(site / "index.html")
    yield browser
    assert browser.complaints == []
    assert browser.requests == [(site / "index.html").as_uri()]


def type_into_search(browser: chromium.Chromium, text: str) -> None:
    """Type like a person, over what was there."""
    browser.run("(() => { const box = document.getElementById('search'); box.focus(); box.select(); })()")
    browser.call("Input.insertText", text=text)


def click(browser: chromium.Chromium, selector: str) -> None:
    """Click at the middle of an element, where a person would."""
    place = browser.run(
        f"(() => {{ const e = document.querySelector({selector!r}); e.scrollIntoView({{block: 'center'}});"
        " const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()"
    )
    for kind in ("mousePressed", "mouseReleased"):
        browser.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)


def shown(browser: chromium.Chromium) -> list[str]:
    return list(browser.run(NAMES))


def test_the_index_lists_every_series_under_its_own_name(index: chromium.Chromium) -> None:
    assert set(shown(index)) == {*sites.SERIES, sites.BAD}
    assert index.run("window.hacked") is None
    assert index.run("document.scripts.length") == 2


@pytest.mark.parametrize("name", [*sites.HOSTILE, sites.PLAIN])
def test_search_finds_a_series_by_its_name(index: chromium.Chromium, name: str) -> None:
    type_into_search(index, name)
    assert name in shown(index)
    assert len(shown(index)) < len(sites.SERIES) / 2


def test_search_takes_words_in_any_order_and_case(index: chromium.Chromium) -> None:
    type_into_search(index, "SCORED nothing")
    assert shown(index) == [sites.NEW]
    type_into_search(index, "no such series")
    assert shown(index) == []
    assert index.run(FOUND) == f"0 of {len(sites.SERIES) + 1} series"
    type_into_search(index, " ")
    assert len(shown(index)) == len(sites.SERIES) + 1


def test_headings_sort_both_ways_and_keep_what_has_no_value_last(index: chromium.Chromium) -> None:
    heading = f"[data-column='{COLUMNS.index('last count')}']"
    click(index, heading)
    assert index.run("document.querySelector('[aria-sort]').textContent") == "last count"
    first = shown(index)
    assert first[0] == sites.PLAIN
    assert first[-1] == sites.BAD
    click(index, heading)
    assert index.run("document.querySelector('[aria-sort]').getAttribute('aria-sort')") == "ascending"
    assert shown(index)[-1] == sites.BAD
    counts = index.run(
        "[...document.querySelectorAll('#series tbody tr')].map(row => row.cells[3].textContent).filter(Boolean)"
    )
    assert [int(count) for count in counts] == sorted(int(count) for count in counts)


def test_attention_can_be_filtered(index: chromium.Chromium) -> None:
    index.run(
        "(() => { const box = document.getElementById('show'); box.value = 'J';"
        " box.dispatchEvent(new Event('change')); })()"
    )
    assert set(shown(index)) == {sites.PLAIN, sites.DRIFTING}


@pytest.mark.parametrize("name", sites.SERIES)
def test_the_page_of_a_series_draws(browser: chromium.Chromium, site: Path, name: str) -> None:
    page = site / "series" / f"{file_name(name)}.html"
    browser.open(page)
    assert browser.run("document.querySelector('h1').textContent") == name
    assert browser.run("document.scripts.length") == 0
    heights = browser.run("[...document.querySelectorAll('svg')].map(svg => svg.getBoundingClientRect().height)")
    assert bool(heights) == (name != sites.LOST)
    assert all(height > 100 for height in heights)
    fills = browser.run("[...document.querySelectorAll('.band0')].map(band => getComputedStyle(band).fill)")
    assert "rgb(0, 0, 0)" not in fills  # the style sheet is in force
    assert browser.complaints == []
    assert browser.requests == [page.as_uri()]


def test_a_link_leads_from_the_index_to_the_page(browser: chromium.Chromium, site: Path) -> None:
    name = sites.HOSTILE[0]
    browser.open(site / "index.html")
    type_into_search(browser, name)
    click(browser, "#series tbody a")
    browser.wait()
    assert browser.run("location.pathname").endswith(f"/series/{file_name(name)}.html")
    assert browser.run("document.querySelector('h1').textContent") == name


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_window(browser: chromium.Chromium, site: Path, width: int) -> None:
    pages = ["index.html", "monitor.html", *(f"series/{file_name(name)}.html" for name in sites.SERIES)]
    for page in pages:
        browser.open(site / page, width=width)
        assert browser.run("document.documentElement.scrollWidth") <= width, page
        assert browser.complaints == []


def test_a_wide_table_scrolls_in_its_own_box(browser: chromium.Chromium, site: Path) -> None:
    browser.open(site / "series" / f"{file_name(sites.PLAIN)}.html", width=390)
    width, content, right = browser.run(
        "(() => { const e = document.querySelector('.scroll');"
        " return [e.clientWidth, e.scrollWidth, e.getBoundingClientRect().right]; })()"
    )
    assert width < content
    assert right <= 390
    month = (
        "(() => { const e = document.querySelector('.scroll'); e.scrollLeft = %d;"
        " return e.querySelector('tbody th').getBoundingClientRect().left; })()"
    )
    assert browser.run(month % 0) == browser.run(month % 60)
    assert browser.run("document.querySelector('.scroll').scrollLeft") == 60
    assert browser.run("[...document.querySelectorAll('.scroll')].every(e => e.tabIndex === 0)")  # arrow keys reach it


def test_dark_pages_for_those_who_want_them(browser: chromium.Chromium, site: Path) -> None:
    colours = []
    for wanted in ("dark", "light"):
        browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": wanted}])
        browser.open(site / "monitor.html")
        colours.append(browser.run("getComputedStyle(document.body).backgroundColor"))
    assert colours == ["rgb(20, 23, 27)", "rgb(255, 255, 255)"]


def test_the_policy_stops_what_escaping_should_have_stopped(browser: chromium.Chromium, site: Path) -> None:
    """Were a name ever written unescaped, nothing would run; and this browser would say so."""
    browser.open(site / "index.html")
    text = (site / "index.html").read_text(encoding="utf-8")
    broken = text.replace("<noscript>", "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>", 1)
    page = site.parent / "broken.html"
    page.write_text(broken, encoding="utf-8")
    browser.open(page)
    assert browser.run("window.hacked") is None
    assert len(browser.complaints) >= 2


def test_five_thousand_series_are_searched_and_sorted_at_once(browser: chromium.Chromium, tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        [
            f"station {k:05d}",
            file_name(str(k)),
            "D" * (k % 7 == 0),
            "auto",
            "2024-01",
            k * 7919 % 5000,
            k,
            k,
            k,
            k,
            0.8,
            0.1,
            "M0 1L96 9",
        ]
        for k in range(5000)
    ]
    page = tmp_path / "index.html"
    content = {"rows": rows, "flags": FLAGS, "columns": COLUMNS, "texts": TEXTS, "run": None, "attention": 0}
    page.write_text(render("index.html", **content), encoding="utf-8")
    browser.open(page)
    timed = (
        "(async () => { const start = performance.now(); %s; document.body.getBoundingClientRect();"
        " await new Promise(done => requestAnimationFrame(() => setTimeout(done)));"
        " return (performance.now() - start) / 1000; })()"
    )
    search = "const box = document.getElementById('search'); box.value = 'station 042'; box.dispatchEvent(new Event('input'))"
    assert browser.run(timed % search) < SLOWEST
    assert browser.run(FOUND) == f"{sum('042' in row[0] for row in rows)} of 5,000 series"
    browser.run(timed % search.replace("station 042", ""))
    sort = f"document.querySelector('[data-column=\"{COLUMNS.index('last count')}\"]').click()"
    assert browser.run(timed % sort) < SLOWEST
    assert shown(browser)[0] == f"station {next(row[0] for row in rows if row[5] == 4999)[8:]}"
    assert len(shown(browser)) == 100
    click(browser, "#more")
    assert len(shown(browser)) == 200
    assert browser.complaints == []
