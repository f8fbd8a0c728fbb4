"""Agreement with R, case by case, and the reason wherever we differ on purpose.

The cases and the way to compare them are those of `tests/reference`, which fail where agreement ends; here stands by how much.
Series that belong to R packages are read from the folder that ``FORECASTING_SHARED`` names and are not part of the project;
where it is absent the cases are listed as not compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import forecasting as fc
from benchmarks.replications import Record, Study
from forecasting.models.sarima.fit import highest
from forecasting.models.sarima.orders import Orders
from forecasting.scenarios import rates
from tests import shared
from tests.reference import published, test_arima, test_glm, test_ingarch, tscount

TITLE = "Agreement with R"
REPLICATIONS = 1
EQUAL = 1e-3
"""Of a standard error, or relative, or of a log likelihood: closer than this counts as equal."""

_AVAILABLE = (shared.FOLDER / "reference" / "r_reference.json").is_file()


@dataclass(frozen=True)
class Group:
    """One R package or function, and whether its series are here."""

    name: str
    available: bool = _AVAILABLE


CASES = {name: Group(name) for name in ("glm and glm.nb", "Arima", "tscount", "rate ratios", "interventions")}


def replicate(case: Group, seed: np.random.SeedSequence) -> Record:
    """Return one row a case: what was compared, R's number, ours, the difference and, where it is not zero, why."""
    compare = {
        "glm and glm.nb": _regressions,
        "Arima": _arima,
        "tscount": _ingarch,
        "rate ratios": _rates,
        "interventions": _interventions,
    }[case.name]
    return {"available": case.available, "rows": list(compare()) if case.available else []}


def _row(case: str, what: str, theirs: float, ours: float, difference: float, why: str = "") -> dict[str, Any]:
    return {"case": case, "what": what, "R": theirs, "ours": ours, "difference": difference, "why": why}


def _in_errors(
    ours: dict[str, float], theirs: dict[str, float], errors: dict[str, float]
) -> tuple[float, float, float]:
    """Return R's and our value of the coefficient that differs most, and by how many of its standard errors."""
    apart = {name: abs(ours[name] - value) / errors[name] for name, value in theirs.items()}
    worst = max(apart, key=lambda name: apart[name])
    return theirs[worst], ours[worst], apart[worst]


def _regressions() -> Iterator[dict[str, Any]]:
    for case, held in test_glm.CASES.items():
        for family in (name for name in test_glm.FAMILIES if name in held):
            fit, _, r = test_glm.fitted(case, family)
            name = f"{case}, {family}"
            yield _row(name, "log likelihood", r["loglik"], fit.loglik, fit.loglik - r["loglik"])
            estimates, errors = test_glm.in_r(fit.params), test_glm.in_r(fit.bse)
            yield _row(name, "coefficient furthest off", *_in_errors(estimates, r["coefficients"], r["se"]))
            relative = {key: abs(errors[key] / value - 1.0) for key, value in r["se"].items()}
            worst = max(relative, key=lambda key: relative[key])
            why = "R's glm reports the weights its last step began with; iterated on, it gives ours"
            yield _row(name, "standard error furthest off", r["se"][worst], errors[worst], relative[worst], why)
            if family == "nbinom":
                yield _row(name, "theta", r["theta"], float(fit.size), float(fit.size) / r["theta"] - 1.0)


def _arima() -> Iterator[dict[str, Any]]:
    diffuse = "R starts its filter with a variance of 1e6 where the likelihood here is exactly diffuse"
    for case in test_arima.FIXED:
        model, r = test_arima.density(case), test_arima.CASES[case]
        mode = highest(model, [model.start])
        beta, _, _ = model.regression(mode.point[None])
        names = (*model.names, *model.regressors)
        found = dict(zip(names, [*model.natural(mode.point[None])[0], *beta[0]], strict=True))
        yield _row(case, "log likelihood", r["loglik"], mode.value, mode.value - r["loglik"], diffuse)
        yield _row(case, "coefficient furthest off", *_in_errors(found, r["coefficients"], r["se"]), diffuse)
    for case in test_arima.SEARCHED:
        if any(value != int(value) for value in published.values(case)):
            continue  # temperatures
        r = test_arima.CASES[case]
        differenced = r["order"][1], r["seasonal"][1]
        search = fc.SARIMA.auto(published.series(case), transform="log" if r["log"] else None, differences=differenced)
        theirs, ours = Orders(tuple(r["order"]), tuple(r["seasonal"])), search.best.orders
        drifts = "drift" in r["coefficients"], "drift" in search.best.regressors
        one, other = (f"{orders}{' with drift' * drift}" for orders, drift in zip((theirs, ours), drifts, strict=True))
        why = f"R took {one}, ours {other}; R goes by steps and leaves out models with roots near one"
        gap = search.fit.aicc - r["aicc"]
        same = theirs == ours and abs(gap) < 0.1
        yield _row(case, "AICc of the model found", r["aicc"], search.fit.aicc, gap, diffuse if same else why)


def _ingarch() -> Iterator[dict[str, Any]]:
    stops = "tscount stops short of its own optimum (its score leaves out the months before the sample)"
    joint = "tscount fits the mean by Poisson quasi-likelihood and the size by moments; ours is the joint maximum"
    edge = "R's optimum lies outside of the region of stationarity, where estimates are kept"
    for name in test_ingarch.CASES:
        case = shared.r_cases()[name]
        y, extras = test_ingarch.series(case), case["extras"]
        best = extras.get("polished_constrained", extras["polished"])
        poisson = test_ingarch.model(case, fc.Poisson()).fit(y)
        further = "R stopped in a local maximum" if name in test_ingarch.FURTHER else ""
        height = best["poisson_loglik"]
        yield _row(
            name, "Poisson log likelihood, exact optimum", height, poisson.loglik, poisson.loglik - height, further
        )
        joined, exact = test_ingarch.model(case, fc.NegativeBinomial()).fit(y), extras["nb_ml"]
        if not exact.get("boundary"):
            outside = edge if not exact["satisfies_tscount_constraints"] else further
            gap = joined.loglik - exact["loglik"]
            yield _row(
                name, "neg. binomial log likelihood, exact optimum", exact["loglik"], joined.loglik, gap, outside
            )
        if case["model"]["distr"] == "nbinom" and isinstance(case["loglik"], float):
            printed = case["loglik"]
            yield _row(name, "log likelihood tscount prints", printed, joined.loglik, joined.loglik - printed, joint)
        elif isinstance(case["loglik"], float):
            printed = case["loglik"]
            yield _row(name, "log likelihood tscount prints", printed, poisson.loglik, poisson.loglik - printed, stops)


def _rates() -> Iterator[dict[str, Any]]:
    central = "poisson.test orders by probability (minlike) while its interval is central; both of ours are central"
    for name in (key for key in shared.r_cases() if key.startswith("exact_")):
        case = shared.r_cases()[name]
        after, before, *exposure = _pair(name)
        if after + before == 0:
            continue
        ratio = exposure[0] if exposure else 1.0
        printed = case["poisson.test_two.sided"]["p_value"]
        ours = rates.p_value(after, before, ratio)
        yield _row(
            name,
            "p, poisson.test",
            printed,
            ours,
            ours / printed - 1.0,
            central if abs(ours / printed - 1) > EQUAL else "",
        )
        for what, key, interval in (
            ("central interval, exactci", "exactci_poisson.exact_central", rates.exact_interval),
            ("mid-p interval, exactci", "exactci_midp_central", rates.mid_p_interval),
        ):
            theirs, mine = [float(end) for end in case[key]["conf_int"]], interval(after, before, ratio)
            apart = [
                abs(a - b) / b if np.isfinite(b) and b > 0 else float(a != b) for a, b in zip(mine, theirs, strict=True)
            ]
            k = int(np.argmax(apart))
            yield _row(name, what, theirs[k], mine[k], apart[k], "exactci searches with a tolerance")


def _pair(name: str) -> list[Any]:
    """Return counts after and before, and the ratio of exposures if it is part of the name."""
    parts = name.split("_")[1:]
    counts = [int(part) for part in parts[:2]]
    return counts if len(parts) == 2 else [*counts, int(parts[2][1:]) / int(parts[3])]


def _interventions() -> Iterator[dict[str, Any]]:
    cases = shared.r_cases()
    case, both = cases["seatbelts_full_law_poisson"], cases["seatbelts_law_lr_wald"]
    whole, y = test_ingarch.model(case, fc.Poisson()), test_ingarch.series(case)
    *others, law = whole.terms.terms
    null = fc.Autoregression(
        whole.past_counts, whole.past_means, whole.link, fc.terms.Terms(tuple(others)), fc.Poisson(), whole.presample
    )
    ratio = fc.intervention_test(null, y, law, method="lr")
    score = fc.intervention_test(null, y, law)
    exact = both["LR_exact_optimum"]
    yield _row("seat belt law", "likelihood ratio, exact optima", exact, ratio.statistic, ratio.statistic - exact)
    wrong = "tscount's interv_test divides by the log of the mean where the mean belongs; with the mean it gives 3.937"
    yield _row(
        "seat belt law", "score statistic tscount prints", 1.109, score.statistic, score.statistic - 1.109, wrong
    )


_SCRIPTS = (test_glm, test_arima, test_ingarch, tscount, published, shared)
STUDY = Study(CASES, replicate, Path(__file__), tuple(Path(str(script.__file__)) for script in _SCRIPTS))

NOT_OFFERED = {
    "surveillance: farrington, farringtonFlexible, earsC, bayes": "outbreak alarms week by week; no such detector here",
    "surveillance: hhh4": "epidemic components between regions; its endemic part is a regression, its own-past part an INGARCH",
    "surveillance: nowcast": "needs the report date of each case",
    "glarma, acp": "other ways to feed past counts back; INGARCH is the one offered",
    "tscount: QIC, Anscombe residuals": "its Hessian and its residuals are wrong where past means or over-dispersion enter",
    "tscount: interv_detect": "compared statistic by statistic in tests/reference/test_ingarch.py",
    "exactci: minlike, blaker": "two-sided rules whose intervals are not central; one rule is offered, for test and interval",
}


def summarise(records: dict[str, list[Record]]) -> dict[str, Any]:
    """Return the rows of each group, infinite numbers as text."""
    return {
        group: {
            "available": rows[0]["available"],
            "rows": [{key: _plain(value) for key, value in row.items()} for row in rows[0]["rows"]],
        }
        for group, rows in records.items()
    }


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not np.isfinite(value) else value


def _agrees(row: dict[str, Any]) -> bool:
    return isinstance(row["difference"], float) and abs(row["difference"]) <= EQUAL


def headline(summary: dict[str, Any]) -> dict[str, Any]:
    """Return how many numbers were compared, are equal, and differ with and without a reason."""
    rows = [row for entry in summary.values() for row in entry["rows"]]
    apart = [row for row in rows if not _agrees(row)]
    return {
        "compared": len(rows),
        f"within_{EQUAL:g}": len(rows) - len(apart),
        "differ_with_a_reason": sum(bool(row["why"]) for row in apart),
        "differ_without": sum(not row["why"] for row in apart),
    }


def page(summary: dict[str, Any]) -> list[str]:
    """Return the results as lines of Markdown."""
    counts = headline(summary)
    lines = [
        f"# {TITLE}",
        "",
        "R 4.2.2 with MASS 7.3-58.2, forecast 8.20, tscount 1.4.3, exactci 1.4-5. The comparisons are those of",
        "`tests/reference`. Differences: of log likelihoods, criteria and statistics, ours minus R's; of coefficients, in",
        f"standard errors of R; of the rest, relative. {counts['compared']} numbers compared:",
        f"{counts[f'within_{EQUAL:g}']} agree within {EQUAL:g}; {counts['differ_with_a_reason']} differ for a reason that is",
        f"given, {counts['differ_without']} without one. [Known defects of peers](../peers.md) takes the larger ones",
        "apart, each with a reproduction.",
    ]
    for group, entry in summary.items():
        lines += ["", f"## {group}", ""]
        if not entry["available"]:
            lines += ["Not compared: the series of R packages are not here; see `FORECASTING_SHARED`."]
            continue
        lines += ["| case | what | R | ours | difference | why |", "|---|---|---|---|---|---|"]
        for row in entry["rows"]:
            mark = "" if _agrees(row) else "**"
            lines.append(
                f"| {row['case']} | {row['what']} | {_shown(row['R'])} | {_shown(row['ours'])} | "
                f"{mark}{_shown(row['difference'], 2)}{mark} | {'' if _agrees(row) else row['why']} |"
            )
    lines += ["", "## Not offered", "", "| in R | why not here |", "|---|---|"]
    return [*lines, *(f"| {name} | {why} |" for name, why in NOT_OFFERED.items())]


def _shown(value: Any, digits: int = 7) -> str:
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)
