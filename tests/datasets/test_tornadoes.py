"""The table of months, held against the yearly totals printed beside it in the source."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import forecasting as fc

TABLE = pd.read_csv(Path(__file__).parents[2] / "datasets" / "tornadoes.csv", dtype={"ds": str})
PRINTED = {
    "tornadoes_1950s": {1950: 201, 1951: 260, 1952: 240, 1953: 422, 1954: 550, 1955: 593},
    "tornadoes": {2007: 1098, 2008: 1692, 2009: 1156, 2010: 1280, 2011: 1692, 2012: 940},
}


def test_months_add_up_to_the_printed_years() -> None:
    years = TABLE.assign(year=TABLE["ds"].str[:4].astype(int))
    counted = years[years["source"] == "database"].groupby(["unique_id", "year"])["y"].agg(["sum", "size"])
    for name, printed in PRINTED.items():
        assert counted.loc[name, "sum"].to_dict() == printed
    assert (counted["size"] == 12).all()


def test_both_stretches_are_series_without_gaps() -> None:
    lengths = {name: len(fc.CountSeries.from_frame(TABLE, name).months) for name in TABLE["unique_id"].unique()}
    assert lengths == {"tornadoes_1950s": 72, "tornadoes": 78}
