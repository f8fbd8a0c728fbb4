"""The numbers of the README's first screen are those of the analysis."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import forecasting as fc
from forecasting.scenarios.words import share

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_first_table_is_that_of_the_report() -> None:
    evidence = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
    rng = np.random.default_rng(7)  # another seed: the printed digits must not hang on one
    report = fc.jump(evidence, before=("2023-06", "2023-08"), after=("2023-09", "2023-11"), rng=rng)
    table = report.table()
    rows = {
        "constant": "constant",
        "trend": "trend",
        "wandering": "wandering",
        "reverting": "reverting",
        "step in September": "step",
        "trend + step": "trend + step",
        "wandering + step": "wandering + step",
        "reverting + step": "reverting + step",
    }
    window = re.search(r"ratio of the two windows is ([\d.]+) to ([\d.]+)\. ", README)
    assert window
    row = report.observed.loc["month", ["window_lower", "window_upper"]]
    assert [float(end) for end in window.groups()] == pytest.approx(row.to_list(), rel=0.06)
    poisson = next(line for line in README.splitlines() if line.startswith("| constant Poisson |"))
    assert share(report.result("constant Poisson").search, report.draws, counted=True) in poisson
    _check_verdict(report)
    for printed, name in rows.items():
        cells = next(line for line in README.splitlines() if line.startswith(f"| {printed} |")).split("|")[2:]
        ratio = [float(number) for number in re.findall(r"[\d.]+", cells[0])]
        chance, probability = (float(re.findall(r"[\d.]+", cell)[0]) / 100 for cell in (cells[1], cells[3]))
        row = table.loc[name]
        assert ratio[0] == pytest.approx(row["ratio_median"], rel=0.1)
        assert np.log(ratio[1:]) == pytest.approx(np.log([row["ratio_lower"], row["ratio_upper"]]), abs=0.3)
        error = report.result(name).surprise.error  # of one run; both sides are runs, and one is rounded
        assert chance == pytest.approx(row["chance"], abs=0.005 + 4.0 * np.sqrt(2.0) * error)
        if report.result(name).has_step:
            assert cells[2].strip() == "-"
        else:
            assert float(re.findall(r"[\d.]+", cells[2])[0]) / 100 == pytest.approx(row["search"], abs=0.04)
        assert probability == pytest.approx(row["probability"], abs=0.03)


def _check_verdict(report: fc.JumpReport) -> None:
    """Compare the sentence of the first screen with that of the report, its chances within Monte Carlo error."""
    printed = re.sub(r"\s+", " ", README.split("> **Not settled**")[1].split("\n\n")[0].replace("\n> ", " "))
    said = report.verdict.removeprefix("Not settled")
    assert re.sub(r"\d+%", "%", printed) == re.sub(r"\d+%", "%", said)
    ends = ([int(number) for number in re.findall(r"(\d+)%", text)] for text in (printed, said))
    assert all(abs(one - other) <= 4 for one, other in zip(*ends, strict=True))


def test_pictures_and_pages_it_names_exist() -> None:
    root = Path(__file__).parent.parent
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (root / link).exists()] == []
