from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import pytest

from forecasting.cli.program import Program
from forecasting.errors import SamplingError
from tests.cli.commands import run
from tests.evidence.ledgers import GET_LOST, SERIES, fact, write_ledger

GAP = "ds,y\n2023-01,5\n2023-03,6\n"
TWICE = "ds,y\n2023-01,5\n2023-01,6\n"
ZERO = "ds,y\n" + "".join(f"2023-0{month},0\n" for month in range(1, 7))


def refused(arguments: Sequence[object], *words: str) -> None:
    """Assert that a request ends with exit code 2, a message that says these words, and an error object."""
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert "Error: " in result.stderr
    assert "Traceback" not in result.output
    for word in words:
        assert word in result.stderr
    as_object = run(*arguments, "--json")
    assert as_object.exit_code == 2
    assert set(json.loads(as_object.stdout)["error"]) >= {"type", "message"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ("is empty", "first line names the columns")),
        ("ds,y\n", ("no rows",)),
        ("when,y\n2023-01,5\n", ("column 'ds' is missing", "'when', 'y'", "--id-col, --time-col and --target-col")),
        ("day;y\n2023-01;5\n", ("column 'ds' is missing", "separated by semicolons")),
        ("ds,y,y\n2023-01,5,6\n", ("column 'y' is there twice",)),
        ("ds,y\n2023-01,1_0\n", ("line 2: 2023-01 is '1_0' (not a number)",)),
        ("ds;y\n2023-01;1,5\n", ("a decimal comma; counts are whole",)),
        ("ds,y\n2023-01,<5\n", ("a fact of kind bound in a ledger",)),
        ("ds,y\n2022-12-31T23:00:00Z,5\n", ("convert it to local time first",)),
        ("unique_id,ds,y\n,2023-01,5\n", ("counts.csv:2 [unique_id] is empty",)),
        ("unique_id,ds,y\na,2023-01,5\nb,2023-01,5\n", ("choose one with --id: a, b",)),
        ("ds,y\n01/02/2023,5\n02/02/2023,6\n", ("line 2: '01/02/2023' may have the day or the month first",)),
        ("ds,y\nJan-23,5\nFeb-23,6\n", ("line 2: 'Jan-23' has no year of four digits",)),
        ("ds,y\n2023-01,5,6\n2023-02,7,8,9\n", ()),
        ('ds,y\n2023-01,"5\n', ()),
        (GAP, ("2023-02", "--allow-missing")),
        (TWICE, ("several rows", "2023-01", "sum daily or weekly rows first")),
        (ZERO, ("zero",)),
        ("ds,y\n2023-01,5\n", ("two",)),
        ("ds,y\n2023-01,5\n2023-02,-1\n", ("negative", "2023-02")),
        ("ds,y\n2023-01,5\n2023-02,1.5\n", ("fractional",)),
        ("ds,y\n2023-01,5\n2023-02,inf\n", ("infinite",)),
        ("ds,y\n2023-01,5\n2023-02,\n2023-03,7\n", ("no count for 2023-02", "--allow-missing")),
        ("ds,y\n2023-01,5\n2023-02,NA\n2023-03,7\n", ("no count for 2023-02", "--allow-missing")),
        ("ds,y\n2023-01,5\n2023-02,1000000001\n", ("above 10^9",)),
        ("ds,y\n2023-01,5\n2023-02,many\n", ("many",)),
        ("ds,y\n2023-13,5\n2023-02,5\n", ("2023-13",)),
    ],
)
def test_tables_that_cannot_be_used(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    file = tmp_path / "counts.csv"
    file.write_text(text, encoding="utf-8")
    refused(["fit", "--csv", file], *words)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    latin = tmp_path / "latin.csv"
    latin.write_bytes("ds,y,note\n2023-01,5,é\n".encode("latin-1"))
    refused(["fit", "--csv", latin], "not UTF-8")
    binary = tmp_path / "binary.csv"
    binary.write_bytes(bytes(range(256)))
    refused(["fit", "--csv", binary])
    refused(["forecast", "--csv", tmp_path / "absent.csv"], "absent.csv", "check the path")
    refused(["outlook", "--csv", tmp_path], "cannot be read")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["jump", "--series", "nobody"], ("no facts about 'nobody'",)),
        (["facts", "get_lost.desertion"], ("did you mean",)),
        (["facts", SERIES, "--series", "other"], ("name one",)),
        (["facts", "--picture", "x.svg"], ("one series",)),
        (["facts", "--picture", "x.png"], ("written as SVG; name it FILE.svg",)),
        (["facts", "get_lost.share_abroad", "--picture", "x.svg"], ("nothing to draw",)),
        (["jump", "--as-of", "yesterday"], ("YYYY-MM-DD",)),
        (["jump", "--as-of", "2000-01-01"], ("as of 2000-01-01",)),
        (["jump", "--before", "2020-01..2020-02"], ("leaves the months known",)),
        (["jump", "--before", "2023-06..2023-10"], ("overlap",)),
        (["jump", "--before", "2023-08..2023-06"], ("ends before it starts",)),
        (["jump", "--before", "..2023-06"], ("--before",)),
        (["jump", "--before", "2023-06-2023-08"], ("--before '2023-06-2023-08' is no window; write it as",)),
        (["jump", "--before", "summer..autumn"], ("summer",)),
        (["jump", "--series", "courts.art337.cases_received"], ("--before is missing",)),
        (["jump", "--start", "2031-01", "--end", "2031-05"], ()),
        (["jump", "--reading", "upside-down"], ("upside-down", "counselled-apart")),
        (["jump", "--without", "F999"], ("F999",)),
        (["jump", "--without", "F001", "--without", "F007", "--without", "F009", "--without", "F012b"], ()),
        (["jump", "--draws", "10"], ("--draws",)),
        (["jump", "--level", "1"], ("--level",)),
        (["jump", "--seed", "-1"], ("--seed",)),
        (["jump", "--ledger", "no/such/folder"], ("cannot be read",)),
        (["jump", "--frobnicate"], ("--frobnicate",)),
        (["frobnicate"], ("frobnicate",)),
        (["fit", "--terms", "intercept,slope"], ("slope", "seasonal")),
        (["fit", "--terms", "step"], ("step:2023-09",)),
        (["fit", "--terms", "step:autumn"], ("autumn",)),
        (["fit", "--terms", "seasonal:much"], ("whole number",)),
        (["fit", "--terms", "trend,trend"], ("more than once",)),
        (["fit", "--terms", "exposure:weeks"], ("exposure:days",)),
        (["fit", "--terms", "intercept,trend,month-effects"], ("cannot tell these terms apart",)),
        (["fit", "--distribution", "normal"], ("normal",)),
        (["fit", "--id", "x"], ("--csv",)),
        (["fit", "--csv", "x.csv", "--series", SERIES], ("one or the other",)),
        (["jump", "--id", "x"], ("--csv",)),
        (["jump", "--csv", "x.csv", "--reading", "r"], ("one or the other",)),
        (["fit", "--last-month", "drop"], ("--csv FILE",)),
        (["fit", "--time-col", "month"], ("--csv FILE",)),
        (["forecast", "--horizon", "0"], ("--horizon",)),
        (["forecast", "--model", "auto"], ("each month known", "Use --model regression, which takes any facts")),
        (["outlook", "--scenario", "boom"], ("boom", "persist")),
        (["outlook", "--scenario", "shift:much"], ("shift",)),
        (["outlook", "--draws", "200", "--scenario", "revert:2019-01..2019-02"], ("leaves the data",)),
    ],
)
def test_requests_that_are_wrong(arguments: list[str], words: tuple[str, ...]) -> None:
    refused(arguments, *words)


def test_ledgers_that_are_wrong(tmp_path: Path) -> None:
    (tmp_path / "facts.csv").write_text("", encoding="utf-8")
    (tmp_path / "sources.csv").write_bytes(b"\xff\xfe")
    refused(["facts", "--ledger", tmp_path], "facts.csv is empty", "sources.csv", "UTF-8")
    write_ledger(tmp_path, [*GET_LOST, fact("bad", "count", "2023-09", value="-3", source_id="S9")])
    result = run("jump", "--ledger", tmp_path, "--json")
    problems = json.loads(result.stdout)["error"]["problems"]
    assert {(problem["row"], problem["column"]) for problem in problems} == {(14, "value")}
    write_ledger(tmp_path, [*GET_LOST, fact("wrong", "count", "2023-09", value="90")])
    windows = ("--before", "2023-06..2023-08", "--after", "2023-09..2023-11")
    refused(["jump", "--ledger", tmp_path, *windows], "cannot hold together", "wrong", "--without FACT")
    both = [fact("a", "count", "2023-01", value="1"), fact("b", "count", "2023-01", value="1", series="other")]
    write_ledger(tmp_path, both)
    refused(["fit", "--ledger", tmp_path], "choose one of the series")


def test_results_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    refused(["facts", SERIES, "--picture", tmp_path / "file" / "x.svg"], "cannot be written")


def test_work_that_fails_ends_with_one() -> None:
    from click.testing import CliRunner

    @click.group(cls=Program)
    def program() -> None:
        """A program that fails."""

    @program.command()
    @click.option("--json", is_flag=True)
    def fail(json: bool) -> None:
        raise SamplingError("no sampler reached an acceptable sample")

    result = CliRunner().invoke(program, ["fail", "--json"])
    assert result.exit_code == 3
    assert json.loads(result.stdout)["error"]["type"] == "SamplingError"
    assert "no sampler" in result.stderr


def test_a_closed_pipe_is_quiet() -> None:
    command = f"{sys.executable} -m forecasting facts courts.art337.cases_received --json | head -c 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout == "{"
    assert done.stderr == ""


MEASURE = """
import resource, runpy, sys
sys.argv = ["forecasting", "--help"]
try:
    runpy.run_module("forecasting", run_name="__main__")
except SystemExit as end:
    assert end.code == 0
usage = resource.getrusage(resource.RUSAGE_SELF)
loaded = {"numpy", "pandas", "matplotlib", "scipy", "pydantic", "jinja2"} & set(sys.modules)
print(usage.ru_utime + usage.ru_stime, sorted(loaded), file=sys.stderr)
"""


def test_help_is_instant_and_loads_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True)
    seconds, _, loaded = done.stderr.strip().partition(" ")
    assert loaded == "[]"
    assert float(seconds) < 3 * 0.4  # slower machines
    assert "jump" in done.stdout
