from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecasting.errors import InvalidInput, InvalidLedger, InvalidWindow, Problem, UnknownSeries
from forecasting.evidence import Evidence, Fact, Ledger, load_ledger
from tests.evidence.ledgers import GET_LOST, SERIES, SOURCE, fact, ledger_of, write_ledger

FACTS_HEADER = ",".join(Fact.model_fields)


def problems(folder: Path) -> list[tuple[str, int, str]]:
    with pytest.raises(InvalidLedger) as error:
        load_ledger(folder)
    return [(problem.file, problem.row, problem.column) for problem in error.value.problems]


def outcome(folder: Path) -> Ledger | tuple[Problem, ...]:
    try:
        return load_ledger(folder)
    except InvalidLedger as error:
        return error.problems


def same(one: Evidence, other: Evidence) -> bool:
    """Whether two pieces of evidence agree bit for bit."""
    return (
        one.rows == other.rows
        and one.months.equals(other.months)
        and one.constraints.linear == other.constraints.linear
        and one.constraints.lower.tobytes() == other.constraints.lower.tobytes()
        and one.constraints.upper.tobytes() == other.constraints.upper.tobytes()
        and one.facts.equals(other.facts)
        and repr(one) == repr(other)
    )


# Files ---------------------------------------------------------------------------------------------------


def test_a_written_ledger_is_read_back(tmp_path: Path) -> None:
    ledger = load_ledger(write_ledger(tmp_path, GET_LOST))
    assert ledger.series == (SERIES,)
    assert ledger.facts["fact_id"].tolist() == [row["fact_id"] for row in GET_LOST]
    assert ledger.sources["publisher"].tolist() == ["A paper"]
    assert ledger.alternatives == ()
    assert same(ledger.evidence(SERIES), ledger_of(GET_LOST).evidence(SERIES))


def test_a_byte_order_mark_and_blank_lines_are_harmless(tmp_path: Path) -> None:
    write_ledger(tmp_path, GET_LOST)
    path = tmp_path / "facts.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes() + b"\r\n" + b"," * 16 + b"\r\n")
    assert len(load_ledger(tmp_path).facts) == len(GET_LOST)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("hint", [False, True], ids=["alone", "sep"])
def test_a_ledger_that_a_spreadsheet_has_saved_is_the_same(tmp_path: Path, delimiter: str, hint: bool) -> None:
    write_ledger(tmp_path, GET_LOST)
    plain = load_ledger(tmp_path)
    for file in tmp_path.glob("*.csv"):
        with file.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.reader(stream))
        with file.open("w", encoding="utf-8-sig", newline="") as stream:
            stream.write(f"sep={delimiter}\r\n" if hint else "")
            csv.writer(stream, delimiter=delimiter).writerows([*rows, [""] * len(rows[0])])
    assert load_ledger(tmp_path).entries == plain.entries


def test_months_before_1900_are_months(tmp_path: Path) -> None:
    rows = [fact("deaths", "total", "1854-07", "1854-09", value="616"), fact("july", "count", "1854-07", value="30")]
    evidence = load_ledger(write_ledger(tmp_path, rows)).evidence(SERIES)
    assert [str(month) for month in evidence.months] == ["1854-07", "1854-08", "1854-09"]


def test_all_problems_are_listed_with_file_line_and_column(tmp_path: Path) -> None:
    rows = [
        fact("a", "count", "2023-01", value="-1"),
        fact("a", "count", "2023-02", value="2"),
        fact("b", "total", "2023-03", "2023-01", value="2", source_id="S9"),
        fact("c", "count", "2023-02", value="2", source_id="S9"),
        fact("c", "count", "2023-02", value="2"),
    ]
    sources = [SOURCE, SOURCE, {**SOURCE, "source_id": "S2", "publisher": ""}]
    assert problems(write_ledger(tmp_path, rows, sources)) == [
        ("facts.csv", 2, "value"),
        ("facts.csv", 4, "end"),
        ("facts.csv", 6, "fact_id"),
        ("sources.csv", 3, "source_id"),
        ("sources.csv", 4, "publisher"),
    ]


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ([fact("a", "count", "2023-01", value="1", source_id="S9")], ("facts.csv", 2, "source_id")),
        ([fact("a", "count", "2023-01", value="1", supersedes="z")], ("facts.csv", 2, "supersedes")),
        ([fact("a", "count", "2023-01", value="1", supersedes="a")], ("facts.csv", 2, "supersedes")),
    ],
)
def test_references_that_lead_nowhere(tmp_path: Path, rows: list[dict[str, str]], place: tuple[str, int, str]) -> None:
    assert problems(write_ledger(tmp_path, rows)) == [place]


def test_vintages_in_a_circle_or_forked(tmp_path: Path) -> None:
    rows = [
        fact("a", "count", "2023-01", value="1", supersedes="b"),
        fact("b", "count", "2023-01", value="1", supersedes="a"),
        fact("c", "count", "2023-01", value="1"),
        fact("d", "count", "2023-01", value="1", supersedes="c"),
        fact("e", "count", "2023-01", value="1", supersedes="c"),
    ]
    assert problems(write_ledger(tmp_path, rows)) == [
        ("facts.csv", 2, "supersedes"),
        ("facts.csv", 3, "supersedes"),
        ("facts.csv", 6, "supersedes"),
    ]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"", ("facts.csv", 0, "")),
        (b" \n", ("facts.csv", 0, "")),
        (f"{FACTS_HEADER}\n".encode(), ("facts.csv", 0, "")),
        (f"{FACTS_HEADER}\na,b,c\n".encode(), ("facts.csv", 2, "")),
        (f"{FACTS_HEADER}\n\n\na,{'b' * 9}\n".encode(), ("facts.csv", 4, "")),
        (f"{FACTS_HEADER}\nZürich".encode("latin-1"), ("facts.csv", 2, "")),
        (f'{FACTS_HEADER}\n"open'.encode(), ("facts.csv", 2, "")),
        (FACTS_HEADER.replace("kind,", "").encode(), ("facts.csv", 1, "kind")),
        (f"{FACTS_HEADER},colour\n".encode(), ("facts.csv", 1, "colour")),
    ],
)
def test_files_that_are_no_table(tmp_path: Path, content: bytes, place: tuple[str, int, str]) -> None:
    write_ledger(tmp_path, GET_LOST)
    (tmp_path / "facts.csv").write_bytes(content)
    assert problems(tmp_path) == [place]


def test_columns_without_a_cell_can_be_left_out(tmp_path: Path) -> None:
    write_ledger(tmp_path, [fact("a", "count", "2023-01", value="7"), fact("b", "count", "2023-02", value="9")])
    whole = load_ledger(tmp_path)
    for name in ("facts.csv", "sources.csv"):
        table = pd.read_csv(tmp_path / name, dtype=str).dropna(axis="columns", how="all")
        table.to_csv(tmp_path / name, index=False)
    assert "locator" not in (tmp_path / "facts.csv").read_text(encoding="utf-8")
    pd.testing.assert_frame_equal(load_ledger(tmp_path).facts, whole.facts)


@pytest.mark.parametrize("written", ["NA", "nan", "NULL", "n/a"])
def test_what_programs_write_for_nothing_is_nothing(written: str, tmp_path: Path) -> None:
    write_ledger(tmp_path, [fact("a", "count", "2023-01", value="7"), fact("b", "bound", "2023-02", low="9")])
    whole = load_ledger(tmp_path)
    for name in ("facts.csv", "sources.csv"):
        pd.read_csv(tmp_path / name, dtype=str).to_csv(tmp_path / name, index=False, na_rep=written)
    assert f",{written}," in (tmp_path / "facts.csv").read_text(encoding="utf-8")
    pd.testing.assert_frame_equal(load_ledger(tmp_path).facts, whole.facts)


def test_columns_always_needed_are_named_at_once(tmp_path: Path) -> None:
    write_ledger(tmp_path, GET_LOST)
    (tmp_path / "facts.csv").write_text("fact_id,series,value\na,b,1\n", encoding="utf-8")
    assert problems(tmp_path) == [("facts.csv", 1, "kind, start, end, unit, source_id, published, use")]


def test_missing_files(tmp_path: Path) -> None:
    assert problems(tmp_path / "nowhere") == [("facts.csv", 0, ""), ("sources.csv", 0, "")]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode()))
def test_arbitrary_bytes_are_a_ledger_or_a_list_of_problems(tmp_path: Path, content: bytes) -> None:
    write_ledger(tmp_path, GET_LOST)
    path = tmp_path / "facts.csv"
    path.write_bytes(path.read_bytes() + content)
    found = outcome(tmp_path)
    if isinstance(found, Ledger):
        assert len(found.facts) >= len(GET_LOST)
    else:
        assert all(problem.message for problem in found)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    row=st.integers(0, len(GET_LOST) - 1),
    column=st.sampled_from([*Fact.model_fields]),
    cell=st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.integers().map(str),
)
def test_an_arbitrary_cell_is_accepted_or_named(tmp_path: Path, row: int, column: str, cell: str) -> None:
    rows = [dict(cells) for cells in GET_LOST]
    rows[row][column] = cell
    found = outcome(write_ledger(tmp_path, rows))
    lines = range(1, (tmp_path / "facts.csv").read_bytes().count(b"\n") + 2)
    assert isinstance(found, Ledger) or all(problem.row in lines for problem in found)


# Vintages ------------------------------------------------------------------------------------------------

EARLIER = fact("old", "total", "2023-01", "2023-03", value="90", published="2023-04-10")
LATER = fact("new", "total", "2023-01", "2023-03", value="100", published="2024-01-10", supersedes="old")


@pytest.mark.parametrize(
    "day", ["2023-12-05", dt.date(2023, 12, 5), pd.Timestamp("2023-12-05 23:00"), pd.Timestamp("2023-12-05", tz="UTC")]
)
def test_a_day_in_any_form(day: str | dt.date) -> None:
    assert ledger_of([EARLIER, LATER]).as_of(day).facts["fact_id"].tolist() == ["old"]


MOVED = pd.Timestamp("2023-12-06", tz="Europe/Kyiv").tz_convert("UTC")


@pytest.mark.parametrize("day", ["yesterday", "2023-12", "2023-02-30", None, 20231205, pd.NaT, MOVED])
def test_what_is_no_day(day: object) -> None:
    with pytest.raises(InvalidInput, match="another day in another time zone" if day is MOVED else "not a day"):
        ledger_of([EARLIER]).as_of(day)  # type: ignore[arg-type]


def test_a_fact_is_superseded_only_once_its_successor_is_public() -> None:
    ledger = ledger_of([EARLIER, LATER])
    before, after = ledger.as_of("2024-01-09"), ledger.as_of("2024-01-10")
    assert before.evidence(SERIES).sum_range("2023-01", "2023-03") == (90, 90)
    assert after.evidence(SERIES).sum_range("2023-01", "2023-03") == (100, 100)
    assert after.evidence(SERIES).facts.set_index("fact_id")["role"].to_dict() == {
        "old": "superseded",
        "new": "data",
    }
    assert after.facts["superseded_by"].tolist()[0] == "new"


def test_going_back_twice_never_comes_forward() -> None:
    ledger = ledger_of([EARLIER, LATER]).as_of("2023-12-05").as_of("2024-12-05")
    assert ledger.vintage == dt.date(2023, 12, 5)
    assert len(ledger.facts) == 1


@pytest.mark.parametrize(
    "planted",
    [
        fact("z", "count", "2023-07", value="100"),
        fact("z", "total", "2023-09", "2023-11", value="600", supersedes="autumn"),
        fact("z", "total", "2022-01", "2023-11", value="5"),
        fact("z", "count", "2023-07", value="0", use="check"),
    ],
    ids=["count", "vintage", "contradiction", "check"],
)
def test_a_fact_published_later_changes_nothing_bit_for_bit(planted: dict[str, str]) -> None:
    later = {**planted, "published": "2023-12-06"}
    reading = {"reading": "r", "series": SERIES, "fact_id": "z", "column": "use", "value": "context"}
    clean = ledger_of(GET_LOST).as_of("2023-12-05")
    sown = ledger_of([later, *GET_LOST, {**later, "fact_id": "zz", "supersedes": ""}], [reading])
    sown = sown.as_of("2023-12-05")
    assert same(sown.evidence(SERIES), clean.evidence(SERIES))
    assert sown.facts.equals(clean.facts)
    assert sown.readings.equals(clean.readings)
    sown.evidence(SERIES).check()


# Requests ------------------------------------------------------------------------------------------------


def test_an_unknown_series_names_close_ones() -> None:
    with pytest.raises(UnknownSeries, match=r"did you mean get_lost.desertion_requests"):
        ledger_of(GET_LOST).evidence("get_lost.desertion")


def test_a_ledger_before_its_first_fact() -> None:
    with pytest.raises(UnknownSeries, match="as of 2000-01-01; the ledger holds no series by that day"):
        ledger_of(GET_LOST).as_of("2000-01-01").evidence(SERIES)


def test_a_series_not_yet_known() -> None:
    with pytest.raises(UnknownSeries, match="as of 2023-01-01"):
        ledger_of(GET_LOST).as_of("2023-01-01").evidence(SERIES)


def test_a_series_of_context_alone() -> None:
    context = fact("a", "count", "2023-01", value="1", use="context")
    with pytest.raises(InvalidWindow, match="no facts that can be used"):
        ledger_of([context]).evidence(SERIES)


def test_facts_are_left_out_by_name() -> None:
    evidence = ledger_of(GET_LOST).evidence(SERIES, without=["counselled", "half"])
    assert evidence.sum_range("2023-04", "2023-05") == (110, 348)
    assert evidence.facts.set_index("fact_id").loc["half", "role"] == "left out"
    with pytest.raises(InvalidInput, match=r"'F99' is not a fact of .* known: autumn"):
        ledger_of(GET_LOST).evidence(SERIES, without="F99")


READINGS = [
    {"reading": "apart", "series": SERIES, "fact_id": "counselled", "column": "use", "value": "context"},
    {"reading": "apart", "series": SERIES, "fact_id": "half", "column": "use", "value": "context"},
    {"reading": "fewer", "series": SERIES, "fact_id": "counselled", "column": "low", "value": "966"},
    {"reading": "more", "series": SERIES, "fact_id": "counselled", "column": "low", "value": "1100"},
]


def test_readings_are_switched_on_by_name() -> None:
    ledger = ledger_of(GET_LOST, READINGS)
    assert ledger.evidence(SERIES, reading="apart").sum_range("2023-04", "2023-05") == (110, 348)
    assert ledger.evidence(SERIES, reading=["fewer"]).sum_range("2023-04", "2023-05") == (110, 271)
    assert ledger.evidence(SERIES, reading=["fewer", "apart"]).reading == ("fewer", "apart")
    assert same(ledger.evidence(SERIES, reading=()), ledger.evidence(SERIES))
    with pytest.raises(InvalidInput, match=r"'aloud' is not a reading of .* known: apart, fewer, more"):
        ledger.evidence(SERIES, reading="aloud")
    with pytest.raises(InvalidInput, match="fewer and more disagree about low of counselled"):
        ledger.evidence(SERIES, reading=["fewer", "more"])


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"fact_id": "z"}, "fact_id"),
        ({"series": "another"}, "series"),
        ({"column": "colour"}, "column"),
        ({"column": "value", "value": "many"}, "value"),
        ({"column": "kind", "value": "rounded"}, "value"),
    ],
)
def test_readings_are_validated(tmp_path: Path, changes: dict[str, str], column: str) -> None:
    broken = READINGS[0] | changes
    found = problems(write_ledger(tmp_path, GET_LOST, readings=[READINGS[2], broken]))
    assert {place[::2] for place in found} == {("readings.csv", column)}
    assert {line for _, line, _ in found} == {3}


# The shipped ledger --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped() -> Ledger:
    return load_ledger()


def test_every_shipped_series_holds_together(shipped: Ledger) -> None:
    for series in shipped.series:
        facts = shipped.facts.query("series == @series")
        if "data" in set(facts["use"]):
            shipped.evidence(series).check()


def test_every_shipped_reading_can_be_switched_on(shipped: Ledger) -> None:
    pairs = shipped.readings[["series", "reading"]].drop_duplicates()
    for series, reading in pairs.itertuples(index=False):
        assert shipped.evidence(series, reading=reading).reading == (reading,)


def test_a_ledger_and_its_vintage_are_short_to_read(shipped: Ledger) -> None:
    assert repr(shipped.as_of("2023-12-05")).endswith("as of 2023-12-05>")


@pytest.mark.parametrize("other", ["Requests", "re\u200bquests", "reque\u017fts"])
def test_names_that_look_like_others(tmp_path: Path, other: str) -> None:
    named = {"F1": "requests", "F2": other, "f1": "requests"}
    stamps = ("2023-09", "2023-10", "2023-11")
    rows = [
        fact(fact_id, "count", stamp, value="1") | {"series": name}
        for stamp, (fact_id, name) in zip(stamps, named.items(), strict=True)
    ]
    sources = [SOURCE, SOURCE | {"source_id": "s1"}]
    assert problems(write_ledger(tmp_path, rows, sources)) == [
        ("facts.csv", 3, "series"),
        ("facts.csv", 4, "fact_id"),
        ("sources.csv", 3, "source_id"),
    ]
