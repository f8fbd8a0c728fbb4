"""The verdict of a jump analysis in plain words.

The sentences say how likely things are under stated assumptions.  They avoid causal words: a step at a boundary is a change of
level there, whatever brought it about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecasting.scenarios import rates
from forecasting.scenarios.surprise import Surprise

if TYPE_CHECKING:
    from forecasting.scenarios.report import JumpReport

_HARDLY = 0.01  # probability among the baselines below which independent Poisson counts of one level are ruled out


def paragraph(report: JumpReport) -> str:
    """Return the verdict on `report`, one sentence an idea."""
    return " ".join(statements(report))


def statements(report: JumpReport) -> list[str]:
    """Return the ideas of `paragraph` one by one."""
    ideas = (_observed, _poisson, _before, _all_facts, _step, _window, _caveats)
    return [said for said in (idea(report) for idea in ideas) if said]


def chance(probability: float) -> str:
    """Return a probability in words and digits a reader can hold.

    Examples
    --------
    >>> chance(0.143), chance(0.0004), chance(1e-12)
    ('14%', '0.04%', 'less than one in a million')
    """
    if probability >= 0.995:
        return "more than 99%"
    if probability >= 0.01:
        return f"{probability:.0%}"
    if probability >= 1e-6:
        return f"{100.0 * probability:.1g}%" if probability < 1e-3 else f"{100.0 * probability:.1f}%"
    return "less than one in a million"


def below(limit: float) -> str:
    """Return an upper limit of a probability in words, rounded up.

    Examples
    --------
    >>> below(0.00075), below(0.015)
    ('less than 0.08%', 'less than 2%')
    """
    digit = 10.0 ** np.floor(np.log10(limit))
    said = chance(float(np.ceil(limit / digit - 1e-9) * digit))
    return said if said.startswith("less") else f"less than {said}"


def share(value: float, draws: int, *, counted: bool = False) -> str:
    """Return a share of draws as a chance; where no draw counted, its 95% bound (`rates.unseen_bound`).

    Examples
    --------
    >>> share(0.5, 100), share(0.0, 4000), share(0.0, 4000, counted=True)
    ('50%', 'less than 0.08%', 'less than 0.08% (none of 4,000 draws)')
    """
    if value * draws >= 0.5:
        return chance(value)
    return below(rates.unseen_bound(draws)) + (f" (none of {draws:,} draws)" if counted else "")


def tail(surprise: Surprise, *, counted: bool = False) -> str:
    """Return the chance of what happened; where no simulation reached it, its 95% bound."""
    return chance(surprise.tail) if surprise.resolved else share(0.0, len(surprise.posterior.draws), counted=counted)


def bits(surprise: Surprise) -> str:
    """Return the surprise in bits; where no simulation reached what happened, a lower limit."""
    return f"{surprise.bits:.1f}" if surprise.resolved else f"> {np.floor(10.0 * surprise.bits) / 10.0:.1f}"


def limits(report: JumpReport) -> str:
    """Say what the limits in a table of chances are; nothing where it has none."""
    told = [result.surprise for result in report.results if isinstance(result.surprise, Surprise)]
    if all(one.resolved for one in told) and all(result.search > 0.0 for result in report.results):
        return ""
    return (
        f"Where none of the {report.draws:,} draws showed such a ratio, the limit of the chance is its 95% bound, "
        "3 divided by that number."
    )


def months(window: pd.PeriodIndex) -> str:
    """Return a window as words, for example ``September to November 2023``.

    Examples
    --------
    >>> months(pd.period_range("2023-09", "2023-11", freq="M"))
    'September to November 2023'
    """
    first, last = window[0], window[-1]
    if first == last:
        return str(first.strftime("%B %Y"))
    return f"{first.strftime('%B' if first.year == last.year else '%B %Y')} to {last.strftime('%B %Y')}"


def _total(limits: tuple[int, float]) -> str:
    low, high = int(limits[0]), int(limits[1])
    return f"{low:,}" if low == high else f"between {low:,} and {high:,}"


def _boundary(report: JumpReport) -> str:
    return str(report.comparison.after[0].strftime("%B %Y"))


def _change(report: JumpReport) -> str:
    """Return what the later window shows; chances are those of a ratio as large or larger, whichever way it went."""
    return "a rise" if report.observed["ratio"]["month"] > 1.0 else "a ratio"


def _observed(report: JumpReport) -> str:
    pair, ratio = report.comparison, report.observed["ratio"].to_dict()
    least = "" if pair.exact else "at least "
    return (
        f"{months(pair.after)} counted {_total(pair.after_range)}, {months(pair.before)} {_total(pair.before_range)}: "
        f"{least}{ratio['month']:.2f} times as many a month, {ratio['day']:.2f} times as many a day."
    )


def _poisson(report: JumpReport) -> str:
    row = report.observed.loc["month"]
    window, level = (f"{row[f'{of}_lower']:.2f} to {row[f'{of}_upper']:.2f}" for of in ("window", "negative_binomial"))
    uneven = (
        f"Allowing for the unevenness of the months, the expected count of a month was {window} times as high in "
        f"{months(report.comparison.after)} as in {months(report.comparison.before)} ({report.level:.0%} interval)"
    ) + (
        ", the only months known."
        if report.only_windows
        else f"; the level from {_boundary(report)} on was {level} times that of all months before it."
    )
    if not report.comparison.exact:
        return uneven
    p = f"p = {report.p_value:.2g}" if report.p_value > 0 else "p below 1e-300"
    poisson = report.result("constant Poisson").probability
    fitting = (
        "these months are not like independent Poisson counts of one level"
        if poisson < _HARDLY
        else "is right only if months are independent Poisson counts of one level"
    )
    return (
        f"If months were independent Poisson counts, the exact {report.level:.0%} interval of the ratio would be "
        f"{row['exact_lower']:.2f} to {row['exact_upper']:.2f} and equal levels would have {p}; but that "
        f"p-value asks whether two Poisson months differ by chance, and {fitting}. {uneven}"
    )


def _before(report: JumpReport) -> str:
    """Say what the earlier months alone would have led one to expect."""
    said = []
    for name, label in (("constant", "a constant level"), ("trend", "a steady trend")):
        surprise = report.result(name).surprise
        if isinstance(surprise, Surprise):
            said.append(f"{tail(surprise, counted=True)} under {label}")
    if not said:
        return f"Too little is known of the months before {_boundary(report)} to forecast from them alone."
    return (
        f"From what is known of the months before {_boundary(report)} alone, {_change(report)} at least this large had a "
        f"chance of {' and '.join(said)}."
    )


def _all_facts(report: JumpReport) -> str:
    ranked = sorted(report.results, key=lambda result: -result.probability)
    listing = ", ".join(f"{result.name} {chance(result.probability)}" for result in ranked[:4])
    decided = ranked[0].probability > 0.75
    return (
        f"Given all facts, the baselines share the posterior probability as {listing}: "
        + ("the facts favour " + ranked[0].name if decided else "the facts do not settle between them")
        + "."
    )


def _step(report: JumpReport) -> str:
    step = report.step
    inside = step.lower <= 1.0 <= step.upper
    verdict = (
        "the facts are compatible with no step at all beyond the trend"
        if inside
        else "in that model the facts ask for a step beyond the trend"
    )
    return (
        f"Over and above a trend, the level changed at {_boundary(report)} by a factor of "
        f"{step.median:.2f} ({report.level:.0%} interval {step.lower:.2f} to {step.upper:.2f}); {verdict}."
    )


def _window(report: JumpReport) -> str:
    pairs = report.comparison.pairs(len(report.months))
    if pairs <= 1:
        return ""
    constant, trend = (share(report.result(name).search, report.draws, counted=True) for name in ("constant", "trend"))
    return (
        f"For windows chosen after seeing the numbers: somewhere among the {pairs} such pairs of windows in the period, "
        f"{_change(report)} this large turns up with a chance of {constant} under a constant level and {trend} under a "
        "trend fitted to the same facts."
    )


def _caveats(report: JumpReport) -> str:
    sensitive = report.sensitivity[["step_lower", "step_upper"]]
    spread = f"{sensitive['step_lower'].min():.2f} to {sensitive['step_upper'].max():.2f}"
    known = int(report.known["exact"].sum())
    halves = report.sensitivity["trend"]
    return (
        f"All this rests on {known} of {len(report.months)} months known exactly; with prior scales halved or doubled the "
        f"interval of the step reaches from {spread}, and the probability of the plain trend from "
        f"{chance(float(np.min(halves)))} to {chance(float(np.max(halves)))}. What is counted is what was reported to the "
        "source; a change of level says nothing of what brought it about."
    )
