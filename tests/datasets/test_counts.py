"""The tables of months, held against totals and months that other sources print."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecasting as fc

FOLDER = Path(__file__).parents[2] / "datasets"
TABLE = pd.read_csv(FOLDER / "tornadoes.csv", dtype={"ds": str})
PRINTED = {
    "tornadoes_1950s": {1950: 201, 1951: 260, 1952: 240, 1953: 422, 1954: 550, 1955: 593},
    "tornadoes": {2007: 1098, 2008: 1692, 2009: 1156, 2010: 1280, 2011: 1692, 2012: 940},
}
LENGTHS = {
    "eritrea_frontex": 196,
    "russia_cbp": 68,
    "tornadoes": 78,
    "tornadoes_1950s": 72,
    "ukraine_art407": 36,
}


def total(name: str, start: str, end: str) -> int:
    counts = fc.load_counts(name).to_frame().set_index("ds")["y"]
    return int(counts[pd.Timestamp(start) : pd.Timestamp(end)].sum())


def test_months_of_tornadoes_add_up_to_the_printed_years() -> None:
    years = TABLE.assign(year=TABLE["ds"].str[:4].astype(int))
    counted = years[years["source"] == "database"].groupby(["unique_id", "year"])["y"].agg(["sum", "size"])
    for name, printed in PRINTED.items():
        assert counted.loc[name, "sum"].to_dict() == printed
    assert (counted["size"] == 12).all()


@pytest.mark.parametrize(
    ("name", "start", "end", "printed"),
    [
        ("ukraine_art407", "2022-01", "2022-12", 6183),
        ("ukraine_art407", "2023-01", "2023-09", 10940),
        ("ukraine_art407", "2024-01", "2024-10", 41950),
        ("eritrea_frontex", "2014-01", "2014-03", 1837),  # all routes; the central one alone has 1,596
        ("russia_cbp", "2022-02", "2022-02", 769),
        ("russia_cbp", "2022-03", "2022-03", 1217),
        ("russia_cbp", "2022-04", "2022-04", 1682),
        ("russia_cbp", "2020-07", "2020-07", 1),
        ("russia_cbp", "2021-10", "2022-07", 17501),  # 17,524 as first printed
    ],
)
def test_printed_elsewhere(name: str, start: str, end: str, printed: int) -> None:
    assert total(name, start, end) == printed


def test_the_list_says_what_a_user_must_know() -> None:
    listed = fc.load_counts()
    assert listed.columns.tolist() == ["name", "what", "unit", "months", "source", "licence"]
    assert listed.set_index("name")["months"].to_dict() == LENGTHS
    assert (listed.map(str) != "").all(axis=None)
    assert listed["unit"].str.endswith("per month").all()
    assert "Frontex" in listed.set_index("name").loc["eritrea_frontex", "licence"]


@pytest.mark.parametrize("name", LENGTHS)
def test_a_series_is_the_table_that_is_shipped(name: str) -> None:
    series = fc.load_counts(name)
    assert series.name == name
    assert len(series) == LENGTHS[name]
    file = FOLDER / ("tornadoes.csv" if name.startswith("tornadoes") else f"{name}.csv")
    rows = pd.read_csv(file, dtype=str, keep_default_na=False)
    rows = rows[rows["unique_id"] == name]
    assert rows["ds"].tolist() == series.months.strftime("%Y-%m").tolist()
    assert rows["y"].replace("", "0").astype(int).tolist() == series.values.tolist()
    assert ((rows["y"] == "") == series.missing).all()
    assert (rows["source"] != "").all()


def test_one_month_is_empty() -> None:
    gaps = {
        name: series.months[series.missing].astype(str).tolist()
        for name in LENGTHS
        for series in [fc.load_counts(name)]
    }
    assert {name: months for name, months in gaps.items() if months} == {"russia_cbp": ["2020-04"]}


def test_the_months_of_article_407_are_those_of_the_ledger() -> None:
    series = fc.load_counts("ukraine_art407")
    assert np.array_equal(series.values[[0, 10, 34, 35]], [197, 1619, 8779, 15511])


def test_a_misspelt_name_is_told_with_the_one_that_is_near() -> None:
    with pytest.raises(fc.UnknownSeries, match=r"'tornados' are shipped; did you mean tornadoes\?"):
        fc.load_counts("tornados")
    with pytest.raises(fc.UnknownSeries, match="there are eritrea_frontex, russia_cbp, tornadoes"):
        fc.load_counts("qqq")
