"""The shipped tables, read with pandas alone and held against arithmetic done by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

FOLDER = Path(__file__).parents[2] / "datasets"
FACT_COLUMNS = (
    "fact_id, series, kind, start, end, value, low, high, relation, against, unit, source_id, locator, "
    "published, supersedes, use, note"
)
COLUMNS = {
    "facts": FACT_COLUMNS,
    "sources": "source_id, publisher, title, date, url, language, note",
    "readings": "reading, series, fact_id, column, value, why",
}
LISTED = [*range(1, 94), *range(120, 126), *range(134, 137), *range(140, 144)]
REQUESTS = "get_lost.desertion_requests"
ARTICLE_337 = "courts.art337.cases_received"


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / f"{name}.csv", dtype=str, keep_default_na=False)


FACTS, SOURCES, READINGS = (read(name) for name in COLUMNS)
BY_ID = FACTS.set_index("fact_id")


def months(text: str) -> list[pd.Period]:
    if ".." in text:
        return list(pd.period_range(*text.split(".."), freq="M"))
    return [pd.Period(part, "M") for part in text.split(",")]


def window(fact: pd.Series) -> list[pd.Period]:
    return months(f"{fact.start}..{fact.end}")


def select(series: str, as_of: str, reading: str = "") -> pd.DataFrame:
    """Facts of a series that must hold together: data and checks, the latest vintage."""
    facts = FACTS[(FACTS.series == series) & (FACTS.published <= as_of)].set_index("fact_id", drop=False)
    changes = READINGS[(READINGS.series == series) & (READINGS.reading == reading)]
    for change in changes.itertuples():
        if change.fact_id in facts.index:
            facts.loc[change.fact_id, change.column] = change.value
    return facts[~facts.index.isin(facts.supersedes) & (facts.use != "context")]


def holds(fact: pd.Series, count: Callable[[pd.Period], np.ndarray]) -> np.ndarray:
    """Whether the fact allows each candidate; `count` gives a month's candidates, shaped to broadcast."""
    total = sum(count(month) for month in window(fact))
    low, high = float(fact.low or 0), float(fact.high or np.inf)
    if fact.kind in ("count", "total"):
        return total == int(fact.value)
    if fact.kind in ("bound", "rounded"):
        return (low <= total) & (total <= high)
    if fact.kind == "ratio":
        whole = sum(count(month) for month in months(fact.against))
        return (low * whole <= total) & ((total <= high * whole) if fact.high else True)
    others = [count(month) for month in months(fact.against) if month != window(fact)[0]]
    sign = 1 if fact.relation in ("highest", "above") else -1
    return np.logical_and.reduce(np.broadcast_arrays(*(sign * total > sign * other for other in others)))


@pytest.mark.parametrize("name", COLUMNS)
def test_files_are_plain(name: str) -> None:
    raw = (FOLDER / f"{name}.csv").read_bytes()
    assert raw.endswith(b"\n")
    assert b"\r" not in raw
    assert not raw.startswith(b"\xef\xbb\xbf")
    frame = pd.read_csv(FOLDER / f"{name}.csv", dtype=str, keep_default_na=False, encoding="utf-8")
    assert ", ".join(frame.columns) == COLUMNS[name]
    assert frame.apply(lambda column: column.str.strip().eq(column).all()).all()


def test_identifiers() -> None:
    assert FACTS.fact_id.is_unique
    assert SOURCES.source_id.is_unique
    assert FACTS.fact_id.str.fullmatch(r"F\d{3}[a-e]?|[UHRA]\d{3}").all()
    assert set(FACTS.source_id) == set(SOURCES.source_id)
    assert READINGS.fact_id.isin(FACTS.fact_id).all()
    assert (READINGS.fact_id.map(BY_ID.series) == READINGS.series).all()
    assert not READINGS.duplicated(["reading", "series", "fact_id", "column"]).any()


def test_every_listed_fact_is_present() -> None:
    numbers = FACTS.groupby(FACTS.fact_id.str[0]).fact_id.agg(lambda ids: set(ids.str[1:4].astype(int)))
    assert numbers["F"] == {*LISTED, *range(201, 214)}
    assert numbers["U"] == {*range(1, 213)}
    assert numbers["R"] == {*range(1, 27)} - {8}
    assert numbers["H"] == {*range(1, 32)}
    assert numbers["A"] == {*range(1, 25)}


def test_vocabulary() -> None:
    assert set(FACTS.kind) <= {"count", "total", "bound", "rounded", "order", "ratio"}
    assert set(FACTS.use) <= {"data", "check", "context"}
    assert set(FACTS.loc[FACTS.kind == "order", "relation"]) <= {"highest", "lowest", "above", "below"}
    assert (FACTS.loc[FACTS.kind != "order", "relation"] == "").all()
    assert set(READINGS.column) <= {"use", "start", "end", "low", "high", "against"}
    for column in ("unit", "locator", "source_id", "series"):
        assert (FACTS[column] != "").all()


@pytest.mark.parametrize("fact", [row for _, row in FACTS.iterrows()], ids=FACTS.fact_id)
def test_columns_fit_the_kind(fact: pd.Series) -> None:
    assert re.fullmatch(r"\d{4}-\d{2}", fact.start)
    assert re.fullmatch(r"\d{4}-\d{2}", fact.end)
    assert window(fact)
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", fact.published)
    assert (fact.value != "") == (fact.kind in ("count", "total", "rounded"))
    assert (fact.low + fact.high != "") == (fact.kind in ("bound", "rounded", "ratio"))
    assert (fact.against != "") == (fact.kind in ("order", "ratio"))
    if fact.kind in ("count", "order"):
        assert fact.start == fact.end
    if fact.kind != "ratio":
        assert all(number.isdigit() for number in (fact.value, fact.low, fact.high) if number)
    assert float(fact.low or 0) <= float(fact.value or fact.low or 0) <= float(fact.high or np.inf)
    if fact.against:
        others = [month for month in months(fact.against) if month != window(fact)[0]]
        assert others or fact.use == "context"


def test_supersession_and_dates() -> None:
    later = FACTS[FACTS.supersedes != ""]
    earlier = BY_ID.loc[later.supersedes].reset_index()
    later = later.reset_index(drop=True)
    assert (earlier.published < later.published).all()
    assert (earlier.series == later.series).all()
    assert dict(zip(earlier.fact_id, later.fact_id, strict=True)) == {
        "F202": "F027",
        "F088": "F029",
        "F032": "F052",
        "F090a": "F034",
        "F091": "F041",
    }
    dates = FACTS.source_id.map(SOURCES.set_index("source_id").date)
    assert FACTS.fact_id[FACTS.published != dates].tolist() == ["U109"]  # said in public before the source relayed it
    assert (FACTS.published <= dates).all()
    assert all(pd.Timestamp(day) for day in dates)


def test_notes_are_short_and_name_no_machine() -> None:
    for text in [*FACTS.note, *SOURCES.note, *READINGS.why]:
        assert len(text) <= 330
        assert "/work" not in text
        assert not re.search(r"[\"“”«»]", text), "quotations have no place in the notes"


def test_printed_sums() -> None:
    value = BY_ID.value.replace("", "0").astype(int)
    low = pd.to_numeric(BY_ID.low)
    assert value["F001"] - value["F007"] - value["F009"] == 184
    assert 218 + 175 + 184 == value["F001"] == 577
    assert low["F088"] + low["F090a"] + low["F091"] == low["F092"] == 5593
    assert low["F036"] < value["F029"] + low["F032"], "6,308 is a subset of Article 337"
    assert low["F038"] < value["F034"] + low["F035a"], "194 is a subset of Article 338"
    assert low["F124"] - value["F023"] == 217
    assert low["F065"] + low["F064"] + low["F066"] <= low["F063a"]


@pytest.mark.parametrize(
    ("fact_id", "part", "whole"),
    [
        ("F003", 577, 305),
        ("F004", 577, 305),
        ("F028", 1001, 615),
        ("F035b", 82, 156),
        ("F045", 5092, 1001),
        ("F075b", 1053, 1001),
        ("F077a", 2076, 1001),
        ("F077b", 2076, 615),
        ("F090b", 148, 25),
        ("F090b", 156, 25),
        ("F006", 577, 1153),
    ],
)
def test_printed_ratios(fact_id: str, part: int, whole: int) -> None:
    fact = BY_ID.loc[fact_id]
    assert float(fact.low) <= part / whole <= float(fact.high or np.inf)


def test_more_than_half_is_strict() -> None:
    assert 577 / 1154 == 0.5 < float(BY_ID.low["F006"])


def test_shares_imply_the_derived_bounds() -> None:
    for share, bound, part in (("F121a", "F121b", 28), ("F122a", "F122b", 284)):
        low, high = float(BY_ID.low[share]), float(BY_ID.high[share])
        assert int(BY_ID.low[bound]) == int(np.ceil(part / high))
        assert int(BY_ID.high[bound]) == int(np.floor(part / low))


@pytest.mark.parametrize(
    ("reading", "april_may", "april"),
    [
        ("", (119, 271), (55, 174)),
        ("counselled-apart", (110, 348), (55, 174)),
        ("counselled-to-december", (110, 271), (55, 174)),
        ("lowest-of-summer-and-autumn", (119, 271), (0, 271)),
    ],
)
def test_requests_of_2023_by_enumeration(reading: str, april_may: tuple[int, int], april: tuple[int, int]) -> None:
    known = {"2023-06": 54, "2023-09": 184, "2023-10": 218, "2023-11": 175}
    first, second, july = np.ogrid[0:360, 0:360, 70:182]
    free = {"2023-04": first, "2023-05": second, "2023-07": july, "2023-08": 305 - 54 - july}
    candidates = {pd.Period(month, "M"): np.asarray(count) for month, count in (known | free).items()}
    facts = select(REQUESTS, "2023-12-05", reading)
    assert set(facts.index) >= {"F001", "F002", "F003", "F004", "F012a", "F012b"}
    possible = np.ones((360, 360, july.size), dtype=bool)
    for _, fact in facts.iterrows():
        possible &= holds(fact, candidates.__getitem__)
    apr, may, jul = (axis.ravel()[np.nonzero(possible)[i]] for i, axis in enumerate((first, second, july)))
    assert ((apr + may).min(), (apr + may).max()) == april_may
    assert (apr.min(), apr.max()) == (may.min(), may.max()) == april
    assert (jul.min(), jul.max()) == (77, 174)


def fits(history: dict[str, list[int]], series: str, as_of: str, reading: str = "") -> None:
    counts = pd.concat(
        pd.Series(year, pd.period_range(start, periods=len(year), freq="M")) for start, year in history.items()
    )
    for _, fact in select(series, as_of, reading).iterrows():
        assert holds(fact, lambda month: np.asarray(counts[month])), (as_of, fact.fact_id)


@pytest.mark.parametrize("as_of", ["2023-12-05", "2024-03-04", "2024-04-30", "2024-12-31"])
@pytest.mark.parametrize(
    ("reading", "before", "april_may", "after"),
    [
        ("", [40, 50, 60, 28, 90, 90], [100, 90], [200, 284, 250]),
        ("relays-apart", [40, 50, 60, 28, 90, 90], [100, 90], [200, 284, 100]),
        ("october-share", [10, 10, 10, 28, 20, 20], [100, 101], [200, 284, 250]),
        ("broad-total-2023", [40, 50, 60, 28, 250, 250], [140, 120], [160, 284, 250]),
        ("broad-total-since-start", [60, 60, 60, 28, 80, 80], [140, 120], [72, 284, 220]),
    ],
)
def test_requests_have_a_history(
    as_of: str, reading: str, before: list[int], april_may: list[int], after: list[int]
) -> None:
    printed = [54, 120, 131, 184, 218, 175]
    fits({"2022-10": [*before, *april_may, *printed, *after]}, REQUESTS, as_of, reading)


@pytest.mark.parametrize("as_of", ["2023-12-31", "2024-03-04", "2024-04-30", "2024-12-31"])
def test_article_337_has_a_history(as_of: str) -> None:
    history = {
        "2021-01": [51] * 9 + [52] * 3,
        "2022-01": [83] * 7 + [84] * 5,
        "2023-01": [200, 250, 350, 400, 420, 480, 480, 490, 500, 500, 510, 512],
        "2024-01": [644, 718, 650, 600],
    }
    fits(history, ARTICLE_337, as_of)


def test_readings_act_on_facts_that_exist_and_change_something() -> None:
    for change in READINGS.itertuples():
        assert BY_ID.loc[change.fact_id, change.column] != change.value
        assert change.why
    assert {
        "counselled-apart",
        "counselled-to-december",
        "lowest-of-summer-and-autumn",
        "broad-total-2023",
        "broad-total-since-start",
        "face-value",
        "part-months-out",
    } <= set(READINGS.reading)
