"""The facts about Ukraine, Russia after April 2024, history and borders, held against arithmetic done by hand."""

from __future__ import annotations

import re

import pandas as pd
import pytest

import forecasting as fc
from tests.datasets.test_shipped_data import BY_ID, FACTS, SOURCES

NEW = FACTS[FACTS.fact_id.str[0] != "F"]
VALUE = pd.to_numeric(BY_ID.value)
LOW, HIGH = pd.to_numeric(BY_ID.low), pd.to_numeric(BY_ID.high)
REPORT = "ukraine.art407_408.registered"


def ids(first: int, last: int) -> list[str]:
    return [f"U{number:03d}" for number in range(first, last + 1)]


@pytest.mark.parametrize(
    ("total", "parts"),
    [
        ("U037", ids(1, 12)),  # 6,183 in 2022
        ("U038", ids(13, 21)),
        ("U039", ids(25, 34)),
        ("U092", ids(79, 90)),  # 89,449 in 2024
        ("U100", ids(94, 98)),
        ("U101", ids(94, 99)),
        ("U106", ["U102", "U105"]),
        ("U110", ["U109", "U097", "U098", "U099"]),
        ("U112", ["U111", "U105"]),
        ("U153", ["U147", "U150", "U152"]),  # March 2022 to September 2024, whatever the print says
        ("U148", ["U147", "U149"]),
        ("U156", ["U148", "U150", "U154", "U155"]),
        ("U164", ["U160", "U161", "U163"]),
        ("U178", ["U174", "U176"]),
        ("U179", ["U175", "U177"]),
        ("U184", ["U180", "U182"]),
        ("U185", ["U181", "U183"]),
        ("U208", ["U205", "U206", "U207"]),
        ("U087", ["U033", "U069"]),  # both articles, September 2024
        ("U090", ["U036", "U070"]),  # and December
    ],
)
def test_totals_are_the_sums_of_their_parts(total: str, parts: list[str]) -> None:
    assert VALUE[total] == VALUE[parts].sum()


def test_both_articles_of_the_first_ten_months_of_2024() -> None:
    assert VALUE["U039"] + VALUE["U067"] == VALUE[ids(79, 88)].sum() == 61872


def test_both_articles_of_the_first_four_months_of_2025() -> None:
    assert VALUE["U041"] + VALUE["U072"] == VALUE[ids(94, 97)].sum() == 70634


def test_running_totals_chain() -> None:
    assert VALUE["U111"] - VALUE["U110"] == VALUE["U102"] - VALUE["U101"] == 35039
    assert LOW["U103"] + LOW["U104"] <= 35039 <= HIGH["U103"] + HIGH["U104"]


def test_the_year_2023_follows_from_the_running_totals() -> None:
    year = VALUE["U109"] - (VALUE["U037"] + VALUE["U063"]) - VALUE["U092"] - VALUE[ids(94, 96)].sum()
    assert year == 24286
    assert LOW["U093"] <= VALUE["U092"] / year <= HIGH["U093"]
    assert not LOW["U093"] <= VALUE["U092"] / (year + 500) <= HIGH["U093"]
    assert LOW["U113"] <= VALUE["U037"] + VALUE["U063"] <= HIGH["U113"]
    found = fc.load_ledger().evidence(REPORT).sum_range("2023-01", "2023-12")
    assert found[0] <= year <= found[1]


def test_article_408_of_may_2022_follows() -> None:
    left = VALUE["U078"] - VALUE[ids(1, 6)].sum()
    assert left - VALUE[["U054", "U055", "U056", "U057", "U058"]].sum() == 193


def test_ratios_as_printed() -> None:
    months = [VALUE[f"U{number:03d}"] for number in range(13, 23)]
    assert LOW["U040"] <= VALUE["U039"] / sum(months) <= HIGH["U040"]
    assert round(VALUE["U067"] / HIGH["U068"]) - VALUE["U066"] == 5313 - 4638 == 675
    assert LOW["R007"] <= VALUE["R003"] / VALUE["R004"] <= HIGH["R007"]


def test_orders_as_printed() -> None:
    assert VALUE["U049"] > VALUE[["U046", "U047", "U048"]].max()
    assert VALUE["U045"] > VALUE[[*ids(1, 36), *ids(46, 49)]].max()
    assert VALUE["U107"] > VALUE[[*ids(79, 90), *ids(94, 99), "U105"]].max()
    assert VALUE["U183"] > VALUE[["U186", "U173", "U177"]].max()
    assert VALUE["U183"] < VALUE["U171"] / 4, "so that October was not the highest of the whole year (U187)"
    assert BY_ID.use["U187"] == "context"
    assert VALUE["A005"] > VALUE[["A003", "A004"]].max()


def test_the_figure_that_is_not_used_contradicts_others() -> None:
    left = VALUE["U052"] - VALUE["U041"] - VALUE[ids(45, 49)].sum()
    assert left == 18909
    assert VALUE["U107"] - left == 2693 > VALUE["U183"]
    assert BY_ID.use["U052"] == "context"


def test_derived_figures_of_the_notes() -> None:
    assert VALUE["U157"] - VALUE["U156"] == 32649
    assert VALUE[["U048", "U049"]].sum() == 32646
    assert VALUE["U166"] - VALUE[["U160", "U161", "U165"]].sum() == 15390
    assert VALUE["U167"] - VALUE["U166"] == 3896
    assert LOW["U158"] - (VALUE["U155"] + 32649) == 19290
    assert HIGH["U158"] - (VALUE["U155"] + 32649) == 19389
    assert LOW["U168"] - (15390 + 3896) == 2264
    assert HIGH["U168"] - (15390 + 3896) == 2314
    assert VALUE["U169"] - VALUE["U157"] - VALUE["U167"] == 21727
    assert 22577 + 13769 + 7178 + 3052 + 3378 == 49954 == VALUE["R010"] - 600
    assert VALUE["A008"] + 1011 == VALUE["A013"]
    assert LOW["F076"] - LOW["R001"] == 1023 < 2 * 644


def test_three_countings_are_three_series() -> None:
    years = FACTS[FACTS.series.str.startswith("ukraine.art407.re") & (FACTS.kind == "total")]
    printed = years[(years.start == "2022-01") & (years.end == "2022-12")].groupby("series").value.agg(set)
    assert printed.to_dict() == {"ukraine.art407.registered": {"6183"}, "ukraine.art407.replies": {"6988"}}
    agency = NEW[NEW.series.str.startswith("ukraine.dbr")]
    assert set(agency.source_id.str.split("-").str[0]) == {"tass", "rambler", "vz"}


@pytest.mark.parametrize("series", sorted(NEW.series[NEW.use == "data"].unique()))
def test_facts_of_a_series_hold_together(series: str) -> None:
    evidence = fc.load_ledger().evidence(series)
    assert (evidence.constraints.lower <= evidence.constraints.upper).all()


def test_article_407_is_known_to_the_unit_from_2022_to_2024() -> None:
    evidence = fc.load_ledger().evidence("ukraine.art407.registered")
    ranges = evidence.ranges()
    assert (ranges["status"].loc["2022-01":"2024-12"] == "exact").all()
    assert (ranges["status"] == "exact").sum() == 41
    series = fc.load_counts("ukraine_art407")
    assert ranges["lower"].loc["2022-01":"2024-12"].tolist() == series.values.tolist()


def test_months_before_1900_are_months() -> None:
    evidence = fc.load_ledger().evidence("us_army.deserted")
    assert evidence.sum_range("1899-07", "1900-06") == (3993, 3993)
    months = {"H001": 12, "H002": 9, "H003": 4}  # of the monthly averages 7,333, 4,647 and 4,368
    for fact, average in {"H001": 7333, "H002": 4647, "H003": 4368}.items():
        assert VALUE[fact] == average * months[fact]
        assert LOW[fact] >= (average - 0.5) * months[fact]
        assert HIGH[fact] <= (average + 0.5) * months[fact]
    assert VALUE[["H001", "H002", "H003"]].sum() == 147291 < VALUE["H004"], "so other months are meant"


def test_wording_is_neutral() -> None:
    loaded = re.compile(
        r"\b(fled|flee\w*|flight|ran away|running|runaway\w*|collaps\w*|traitor\w*|surg\w*|evad\w*)\b", re.I
    )
    texts = [*NEW.unit, *NEW.note, *SOURCES[SOURCES.source_id.isin(NEW.source_id)].note]
    allowed = re.compile(r"running (total|count|sum)s?", re.I)
    assert [text for text in texts if loaded.search(allowed.sub("", text))] == []


def test_contested_and_relayed_sources_are_marked() -> None:
    party = re.compile(
        r"TASS|RIA |News Front|News Kiev|Tver News|Kharkov News|Pravda network|Rambler|KP\.RU|Vzglyad|Mos\.news|Vedomosti"
        r"|military intelligence|UATV"
    )
    ours = SOURCES[SOURCES.source_id.isin(NEW.source_id)]
    for source in ours.itertuples():
        if party.search(source.publisher):
            assert "ontested" in source.note, source.source_id
        if "relay" in source.publisher:
            assert re.search(r"relay|quotes", source.note), source.source_id


def test_a_reading_starts_the_replies_in_march() -> None:
    ledger = fc.load_ledger()
    plain = ledger.evidence("ukraine.art408.replies").ranges()["upper"]["2022-01"]
    assert plain > 0
    read = ledger.evidence("ukraine.art408.replies", reading="from-march")
    assert read.sum_range("2022-03", "2022-12") == (3442, 3442)
