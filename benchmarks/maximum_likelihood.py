"""Maximum likelihood of a negative-binomial regression, beside statsmodels on the same numbers."""

from __future__ import annotations

import statistics
from typing import Any

from statsmodels.discrete.discrete_model import NegativeBinomial

from benchmarks.measuring import cpu_of_calls
from benchmarks.sixty_months import model, simulate


def measure(repeats: int = 50) -> dict[str, Any]:
    """Return CPU times of one fit and the log likelihoods reached."""
    series, regression = simulate(), model()
    design = regression.density(series).design

    def ours() -> float:
        return regression.fit(series).loglik

    def theirs() -> float:
        return float(NegativeBinomial(series.values, design).fit(disp=0).llf)

    result = {
        name: {"cpu_ms": 1e3 * statistics.median(cpu_of_calls(fit, repeats)), "loglik": fit()}
        for name, fit in (("forecasting", ours), ("statsmodels", theirs))
    }
    return result | {"ratio": result["statsmodels"]["cpu_ms"] / result["forecasting"]["cpu_ms"]}


def table(result: dict[str, Any]) -> list[str]:
    """Return lines of Markdown."""
    rows = [
        f"| {name} | {result[name]['cpu_ms']:.1f} | {result[name]['loglik']:.6f} |"
        for name in ("forecasting", "statsmodels")
    ]
    return [
        "| fit | CPU ms | log likelihood |",
        "|---|---|---|",
        *rows,
        "",
        f"Theirs over ours: {result['ratio']:.2f}.",
    ]
