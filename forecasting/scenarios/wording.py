"""A jump analysis in plain words.

The sentences say how likely things are under stated assumptions.  They avoid causal words: a step at a boundary is a change of
level there, whatever brought it about.
"""

from __future__ import annotations

import numpy as np

from forecasting.scenarios import verdict
from forecasting.scenarios.findings import Findings, Result
from forecasting.scenarios.sensitivity import AS_STATED
from forecasting.scenarios.surprise import Surprise, Tail
from forecasting.scenarios.words import below, chance, chances, factor, factors, listed, months, share, total

HARDLY = 0.01
"""Probability among the baselines below which independent Poisson counts of one level are ruled out."""

_LEVELS = {
    "constant": "a constant level",
    "trend": "a steady trend",
    "wandering": "a wandering level",
    "reverting": "a wandering level that is drawn back",
}


def paragraph(report: Findings) -> str:
    """Return the verdict and what it rests on, one sentence per idea."""
    return " ".join(statements(report))


def statements(report: Findings) -> list[str]:
    """Return the ideas of `paragraph` one by one, the verdict first."""
    ideas = (
        *(verdict.sentence, _observed, _poisson, _before, _all_facts, _step, _onset, _window, _season),
        *(_priors, _caveats),
    )
    return [said for said in (idea(report) for idea in ideas) if said]


def level_of(result: Result) -> str:
    """Return what a baseline without a step assumes, as words that follow "under"."""
    if result.name == "constant Poisson":
        return "independent Poisson counts of one level"
    return _LEVELS[result.kind] + (" with a yearly wave" if "season" in result.name else "")


def primary(surprise: Surprise, *, counted: bool = False) -> str:
    """Return the primary chance, either way; where no simulation came so far, its 95% bound."""
    if surprise.resolved:
        return chance(surprise.chance)
    return below(surprise.chance) + (f" (none of {len(surprise.posterior.draws):,} draws)" if counted else "")


def tail(surprise: Surprise) -> str:
    """Return the chance of as large a change in the same direction; where no simulation reached it, its 95% bound."""
    one: Tail = surprise.in_direction
    return chance(one.chance) if one.resolved else below(one.chance)


def bits(surprise: Surprise) -> str:
    """Return the surprise in bits; where no simulation reached what happened, a lower limit."""
    return (
        f"{surprise.bits:.1f}" if surprise.in_direction.resolved else f"> {np.floor(10.0 * surprise.bits) / 10.0:.1f}"
    )


def beyond(report: Findings) -> str:
    """Return what the tail in the direction of the change is a chance of, such as ``1.89 or more``."""
    if report.comparison.before_range[1] == 0:
        return f"{report.comparison.after_range[0]:,} or more"
    return f"{factor(report.comparison.ratio)} or {'less' if report.direction == 'fall' else 'more'}"


def limits(report: Findings) -> str:
    """Say what the limits in a table of chances are; empty if it has none."""
    told = [result.surprise for result in report.results if isinstance(result.surprise, Surprise)]
    seen = all(result.search > 0.0 for result in report.results if not result.has_step)
    if all(one.resolved for one in told) and seen:
        return ""
    return (
        f"Where none of the {report.draws:,} draws showed such a change, the limit of the chance is its 95% bound, "
        "3 divided by that number, and twice that either way."
    )


def _boundary(report: Findings) -> str:
    return months(report.comparison.after[:1])


def _observed(report: Findings) -> str:
    pair, row = report.comparison, report.observed.loc["month"].to_dict()
    counted = (
        f"{months(pair.after)} counted {total(pair.after_range)}, {months(pair.before)} {total(pair.before_range)}"
    )
    if pair.before_range[1] == 0:
        ends = f"{row['difference_lower']:.2f} to {row['difference_upper']:.2f}"
        return (
            f"{counted}: over nothing there is no ratio; the expected count per month differs by {ends} "
            f"({report.level:.0%} interval, months as uneven as the facts show)."
        )
    ratio = report.observed["ratio"].to_dict()
    least = "" if pair.exact else ("at most " if report.direction == "fall" else "at least ")
    return f"{counted}: {least}{factor(ratio['month'])} times as many per month, {factor(ratio['day'])} times as many per day."


def _poisson(report: Findings) -> str:
    row = report.observed.loc["month"].to_dict()
    window, level = (factors(row[f"{of}_lower"], row[f"{of}_upper"]) for of in ("window", "negative_binomial"))
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
    fitting = (
        "these months are not like independent Poisson counts of one level"
        if report.result("constant Poisson").probability < HARDLY
        else "is right only if months are independent Poisson counts of one level"
    )
    return (
        f"If months were independent Poisson counts, the exact {report.level:.0%} interval of the ratio would be "
        f"{factors(row['exact_lower'], row['exact_upper'])} and equal levels would have {p}; but that "
        f"p-value asks whether two Poisson months differ by chance, and {fitting}. {uneven}"
    )


def _before(report: Findings) -> str:
    """Say what the earlier months alone would have led one to expect, under the baselines that all facts do not rule out."""
    if not report.foretold:
        return f"Too little is known of the months before {_boundary(report)} to forecast from them alone."
    said = [
        f"{primary(told, counted=True)} under {level_of(result)}{_across_noise(report, result)}"
        for result, told in report.mattering
    ]
    return (
        f"From what is known of the months before {_boundary(report)} alone, {verdict.change(report)} had a chance of "
        f"{listed(said)}, priors as stated."
    )


def _across_noise(report: Findings, result: Result) -> str:
    """Return the chances under other scales of the noise of a level, which few months cannot tell."""
    if result.kind != "wandering":
        return ""
    rows = report.sensitivity[report.sensitivity["prior"] == "noise"]
    scales, moved = rows["scale"].to_list(), rows[f"chance: {result.name}"].to_list()
    return f" ({chances(moved)} with the scale of its monthly noise {scales[0]:g} to {scales[-1]:g})"


def _all_facts(report: Findings) -> str:
    ranked = sorted(report.results, key=lambda result: -result.probability)
    listing = ", ".join(f"{result.name} {chance(result.probability)}" for result in ranked[:4])
    return (
        f"Given all facts, a step at {_boundary(report)} has a probability of {chance(report.step_probability)}, step and no "
        f"step being equally probable beforehand and priors as stated (log Bayes factor {report.log_bayes_factor:+.1f}); "
        f"among the baselines: {listing}."
    )


def _step(report: Findings) -> str:
    step = report.step
    return (
        f"If there was a step at {_boundary(report)}, the level changed there by a factor of {factor(step.median)} "
        f"({report.level:.0%} interval {factors(step.lower, step.upper)}), averaged over the baselines that have one."
    )


def _onset(report: Findings) -> str:
    return (
        f"With the month left open and a ramp or a smooth turn allowed as well, a change of level, if there was one, "
        f"{report.onset.when()}."
    )


def _window(report: Findings) -> str:
    pairs = report.comparison.pairs(len(report.months))
    if pairs <= 1:
        return ""
    matter = [result for result, _ in report.mattering] or [result for result in report.results if not result.has_step]
    said = [f"{share(result.search, report.draws, counted=True)} under {level_of(result)}" for result in matter]
    change = "a fall this deep" if report.direction == "fall" else "a rise this large"
    return (
        f"For windows chosen after seeing the numbers: somewhere among the {pairs} such pairs of windows in the period, "
        f"without a step, {change} turns up with a chance of {listed(said)}."
    )


def _season(report: Findings) -> str:
    pair = report.comparison
    if "season" not in report.left_out:
        return "Every baseline but independent Poisson counts has a yearly wave."
    same = sorted(set(pair.before.month)) == sorted(set(pair.after.month))
    windows = (
        "the windows are the same calendar months, so that a wave that repeats itself is not what sets them apart"
        if same
        else "the windows are different calendar months, and a yearly wave would look like a change of level"
    )
    return f"The season is left out ({report.left_out['season']}); {windows}."


def _priors(report: Findings) -> str:
    moved = report.sensitivity
    said = []
    for name, rows in moved.groupby("prior", sort=False):
        if name == AS_STATED:
            continue
        both = [report.step_probability, *rows["step_probability"]]
        said.append(
            f"{chances(both)} with the scale of the {name} times {rows['factor'].min():g} to {rows['factor'].max():g}"
        )
    trend, step = (f"{factors(*report.prior_ratio[name])}" for name in ("trend", "step"))
    spread = factors(float(moved["step_lower"].min()), float(moved["step_upper"].max()))
    return (
        f"Before any data, the prior of the trend expects {trend} times as many per month in the later window (95%), that of "
        f"the step {step} times. Moving one prior scale at a time, the probability of a step is {listed(said)}; the "
        f"widest interval of the step is {spread}."
    )


def _caveats(report: Findings) -> str:
    known = int(report.known["exact"].sum())
    return (
        f"All this rests on {known} of {len(report.months)} months known exactly. What is counted is what was reported to the "
        "source; a change of level says nothing of what brought it about."
    )
