"""Delimited text: whatever Excel, R or a hand has made of it is read the same everywhere, or refused by name."""

from __future__ import annotations

import csv
import gzip
import io
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.reading import InvalidTable, open_delimited

ROWS = [["a", "2023-09", "184"], ["a", "2023-10", "171"]]
PLAIN = "unique_id,ds,y\na,2023-09,184\na,2023-10,171\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "counts.csv"


def cells(file: Path, content: str | bytes) -> list[list[str]]:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with open_delimited(file) as table:
        places = table.positions("unique_id", "ds", "y", remedy="name them")
        rows = list(table.rows)
    assert not any(row.fault for row in rows), rows
    return [[row.cells[place] for place in places] for row in rows]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.encode("utf-8-sig"),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        PLAIN.rstrip(),
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", "|"),
        PLAIN.replace(",", " , "),
        "\n\n" + PLAIN,
        PLAIN + ",,\n,,\n\n",
        PLAIN.replace("\n", ",,\n"),
        PLAIN.replace("184\n", "184,\n"),
        "sep=,\n" + PLAIN,
        '"sep=;"\n' + PLAIN.replace(",", ";"),
        "sep=;\r\n" + PLAIN.replace(",", ";"),
        b"\xef\xbb\xbfsep=\t\r\n" + PLAIN.replace(",", "\t").encode(),
        'unique_id,"ds","y"\n"a",2023-09,"184"\n\n"a",2023-10,171\n',
        'unique_id;"ds";y;"note, and, more, commas"\na;2023-09;184;"x,y"\na;2023-10;171;\n',
        "y,ds,extra,extra,unique_id\n184,2023-09,1,2,a\n171,2023-10,,,a\n",
    ],
)
def test_every_way_to_write_the_same_table(file: Path, content: str | bytes) -> None:
    assert cells(file, content) == ROWS


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "counts.csv is empty; the first line names the columns"),
        (b" \n\n", "is empty"),
        (b"sep=;\n", "is empty"),
        (b"sep=:\nunique_id:ds:y\n", "names the separator ':'; use commas, semicolons, tabs, bars"),
        (PLAIN.encode("utf-16"), "is UTF-16, not CSV; save or export it as CSV UTF-8"),
        (PLAIN.encode("utf-16-le"), "zero byte: not text, or UTF-16; save the file as CSV UTF-8"),
        (PLAIN.encode() + "é,2023-11,3\n".encode("latin-1"), "counts.csv:4 is not UTF-8; save the file as CSV UTF-8"),
        (b"PK\x03\x04", "is a spreadsheet or a zip archive"),
        (gzip.compress(PLAIN.encode(), mtime=0), "is compressed"),
        (b"PAR1", "is a Parquet file"),
        (b'unique_id,ds,y\n"a,2023-09,184\n', "counts.csv:2 is not valid CSV: unexpected end of data"),
        (b"unique_id,ds,y\na,2023-09," + b"1" * 2**20, "counts.csv:2 has more than 1,048,576 characters"),
        (b"unique_id,ds,y\na,2023-09," + b"1" * 200_000 + b"\n", "counts.csv:2 is not valid CSV: field larger"),
    ],
)
def test_files_that_are_something_else_are_named(file: Path, content: bytes, message: str) -> None:
    with pytest.raises(InvalidTable) as caught:
        cells(file, content)
    assert message in str(caught.value)


def test_columns_that_are_missing_or_there_twice_are_named_with_the_delimiter(file: Path) -> None:
    with pytest.raises(InvalidTable) as caught:
        cells(file, "unique_id;y;y\na;1;2\n")
    assert str(caught.value) == (
        "counts.csv:1 column 'ds' is missing; column 'y' is there twice; its columns, separated by semicolons, are "
        "'unique_id', 'y', 'y'; name them"
    )


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for place in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(InvalidTable, match="cannot be read from"), open_delimited(place):
            pass


def test_errors_of_the_caller_stay_the_callers(file: Path) -> None:
    file.write_text(PLAIN, encoding="utf-8")
    with pytest.raises(OSError, match="disk full"), open_delimited(file):
        raise OSError("disk full")


def test_a_row_of_another_width_is_told_with_its_line(file: Path) -> None:
    file.write_text('a,b\n1,2\n\n"1\n2",3\n1\n1,2,3\n', encoding="utf-8")
    with open_delimited(file) as table:
        rows = list(table.rows)
    assert [(row.line, len(row.cells), row.fault) for row in rows] == [
        (2, 2, ""),
        (4, 2, ""),
        (6, 1, "has 1 cells where the header has 2; quote cells that hold commas"),
        (7, 3, "has 3 cells where the header has 2; quote cells that hold commas"),
    ]


def test_the_error_survives_pickling(file: Path) -> None:
    with pytest.raises(InvalidTable) as caught:
        cells(file, b"")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.problem) == (str(caught.value), caught.value.problem)


words = st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)


@given(st.lists(st.tuples(words, words, words), max_size=6), st.sampled_from(",;\t|"))
def test_what_is_written_comes_back(rows: list[tuple[str, ...]], delimiter: str) -> None:
    from tempfile import TemporaryDirectory

    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("unique_id", "ds", "y"), *rows])
    with TemporaryDirectory() as folder:
        found = cells(Path(folder) / "t.csv", text.getvalue().encode())
    stripped = [[cell.strip() for cell in row] for row in rows]
    assert found == [row for row in stripped if any(row)]
