"""The speed gate compares ratios within a run, and passes a machine that is slower in all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import gate
from benchmarks.measuring import RESULTS


def committed() -> dict[str, Any]:
    results: dict[str, Any] = json.loads((RESULTS / "speed.json").read_text()) | {"earlier": []}
    return results


def times(tree: Any, factor: float) -> Any:
    if isinstance(tree, dict):
        return {name: times(one, factor) for name, one in tree.items()}
    return tree * factor if isinstance(tree, int | float) else tree


def judged(tmp_path: Path, results: dict[str, Any], *options: str) -> int:
    (tmp_path / "speed.json").write_text(json.dumps(results))
    return gate.main([str(tmp_path / "speed.json"), *options])


def test_the_committed_run_and_a_slower_machine_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert judged(tmp_path, committed()) == 0
    assert judged(tmp_path, {**times(committed(), 3.0), "earlier": []}) == 0
    assert "SLOWER" not in capsys.readouterr().out
    assert {name.partition("/")[0] for name in gate.ratios(committed())} == set(gate._OURS)


@pytest.mark.parametrize("section", sorted(gate._OURS))
def test_a_section_that_got_slower_is_named(section: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = committed()
    yardstick = results["maximum_likelihood"]["statsmodels"]
    results[section] = times(results[section], 1.5)
    results["maximum_likelihood"]["statsmodels"] = yardstick
    assert judged(tmp_path, results) == 1
    named = [line for line in capsys.readouterr().out.splitlines() if "SLOWER" in line]
    assert named
    assert all(f"  {section}/" in line for line in named)
    assert judged(tmp_path, results, "--limit", "1.6") == 0


def test_without_its_own_yardstick_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no yardstick"):
        judged(tmp_path, committed() | {"earlier": ["maximum_likelihood"]})
