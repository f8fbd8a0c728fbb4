"""A file of counts: every way to write it gives the same series, every fault is told with its line."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from forecasting.errors import InvalidSeries
from forecasting.series import incomplete
from forecasting.series.files import Columns, read_counts_file

PLAIN = "unique_id,ds,y\n" + "".join(f"a,2023-{month:02d},{month}\n" for month in range(1, 9))


@pytest.fixture(autouse=True)
def _long_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incomplete, "today", lambda: dt.date(2030, 1, 1))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "counts.csv"


def found(
    file: Path, text: str, unique_id: str | None = None, **arguments: Any
) -> tuple[str, str, list[int | None], str]:
    file.write_text(text, encoding="utf-8")
    series, notes = read_counts_file(file, unique_id, **arguments)
    values = [None if absent else int(count) for count, absent in zip(series.values, series.missing, strict=True)]
    return series.name, str(series.months[0]), values, " ".join(notes)


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN + ",,\n,,\n",
        PLAIN.replace(",", " , "),
        PLAIN.replace(",", ";"),
        "sep=;\n" + PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        "\ufeff" + PLAIN,
    ],
)
def test_the_same_series_in_every_spelling(file: Path, text: str) -> None:
    assert found(file, text) == ("a", "2023-01", [1, 2, 3, 4, 5, 6, 7, 8], "")


def test_columns_have_any_name_and_the_series_need_not_be_named(file: Path) -> None:
    text = PLAIN.replace("unique_id,ds,y", "who,when,calls")
    assert found(file, text, columns=Columns("who", "when", "calls"))[0] == "a"
    assert found(file, text.replace("a,", "").replace("who,", ""), columns=Columns(None, "when", "calls"))[0] == "calls"
    with pytest.raises(InvalidSeries, match="column 'who' is missing"):
        found(file, PLAIN, columns=Columns("who"))


def test_rows_after_the_last_count_are_the_future_and_gaps_are_not(file: Path) -> None:
    future = PLAIN + "a,2023-09,\na,2023-10,NA\n"
    name, start, values, notes = found(file, future)
    assert (name, start, len(values)) == ("a", "2023-01", 8)
    assert notes == "2023-09, 2023-10: no count; taken as months to be forecast"
    for gap in (future.replace("a,2023-03,3\n", ""), future.replace(",3\n", ",\n"), future.replace(",3\n", ",nan\n")):
        with pytest.raises(InvalidSeries, match="no count for 2023-03; add them, or pass allow_missing=True"):
            found(file, gap)
        assert found(file, gap, allow_missing=True)[2] == [1, 2, None, 4, 5, 6, 7, 8]


def test_a_month_that_was_not_over_is_told_dropped_or_kept(file: Path) -> None:
    assert "2023-08, the last month, is not over on 2023-08-20" in found(file, PLAIN, as_of="2023-08-20")[3]
    kept = found(file, PLAIN, as_of="2023-08-20", last_month="keep")
    assert (len(kept[2]), kept[3]) == (8, "")
    dropped = found(file, PLAIN, as_of="2023-08-20", last_month="drop")
    assert (len(dropped[2]), dropped[3]) == (7, "2023-08: left out, as not known or not over on 2023-08-20")


def test_every_fault_is_told_with_its_line(file: Path) -> None:
    text = PLAIN.replace("2023-02", "soon").replace(",4\n", ",<5\n").replace("2023-06", "2023-05")
    with pytest.raises(InvalidSeries) as caught:
        found(file, text)
    for said in (
        "line 3: 'soon' is not a month",
        "line 5: 2023-04 is '<5' (a bound",
        "line 7: several rows for 2023-05",
    ):
        assert said in str(caught.value)


def test_other_series_of_the_file_may_be_bad(file: Path) -> None:
    text = PLAIN + "b,2023-01,many\n"
    assert found(file, text, "a")[2] == [1, 2, 3, 4, 5, 6, 7, 8]
    with pytest.raises(InvalidSeries, match="holds 2 series; choose one with unique_id: a, b"):
        found(file, text)
    with pytest.raises(InvalidSeries, match="no series 'c'; it holds a, b"):
        found(file, text, "c")


@pytest.mark.parametrize(
    "names", [("caf\u00e9", "cafe\u0301"), ("a b", "a\u00a0b"), ("a b", "a  b"), ("ab", "a\u200bb")]
)
def test_names_that_look_the_same(file: Path, names: tuple[str, str]) -> None:
    text = "unique_id,ds,y\n" + "".join(f"{name},2023-{month:02d},1\n" for name in names for month in range(1, 9))
    with pytest.raises(InvalidSeries, match="look the same"):
        found(file, text, names[0])
    assert found(file, text.replace(names[1], "A B"), names[0])[0] == names[0]
