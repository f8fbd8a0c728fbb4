"""The verdict in one sentence, by a rule whose error rates are simulated (docs/validation).

*Yes* asks that the change be unusual under every baseline without a step, and that a step have a probability above 90%, from
even odds, under every prior scale tried: the second pays for windows chosen after the numbers were seen.  *No* asks that it be
usual under every baseline that is not ruled out, and a step less probable than none, throughout.  All else is not settled.
"""

from __future__ import annotations

import pandas as pd

from forecasting.scenarios import words
from forecasting.scenarios.findings import Findings

UNUSUAL = 0.05
"""Chance, either way, below which a change counts as unusual."""

PROBABLE = 0.9
"""Probability of a step above which it supports a yes."""

SURE = 0.95
"""Probability of a step above which it alone settles the matter, if too little is known to forecast from before."""


def answer(sensitivity: pd.DataFrame) -> str:
    """Return ``"yes"``, ``"no"`` or ``"not settled"`` of the conclusions under every prior scale tried."""
    steps, chances = sensitivity["step_probability"], sensitivity[["chance_lower", "chance_upper"]]
    if chances.isna().all(axis=None):  # too little is known of the months before to forecast from them
        return "yes" if steps.min() > SURE else "not settled"
    if chances["chance_upper"].max() < UNUSUAL and steps.min() > PROBABLE:
        return "yes"
    if chances["chance_lower"].min() >= UNUSUAL and steps.max() < 0.5:
        return "no"
    return "not settled"


def sentence(found: Findings) -> str:
    """Return the verdict, one sentence that begins with Yes, No or Not settled."""
    said = answer(found.sensitivity)
    chances = words.chances(found.sensitivity["step_probability"].to_list())
    step = f"a step in {words.months(found.comparison.after[:1])} has a probability of {chances}"
    even = "even odds beforehand, every prior scale tried"
    if not found.foretold:
        lead = "Yes, given all facts together" if said == "yes" else "Not settled"
        return f"{lead}: too little is known of the months before to forecast from them, and {step} ({even})."
    how = change(found)
    if said == "yes":
        return f"Yes under every baseline tried: {how} had a chance of {_most(found)}, and {step} ({even})."
    if said == "no":
        return f"No: {how} had a chance of {_chances(found)} without a step, and {step} ({even})."
    return f"Not settled: {how} had a chance of {_chances(found)} without a step, and {step} ({even})."


def change(found: Findings) -> str:
    """Return what the primary chance is a chance of."""
    if found.comparison.ratio == found.comparison.month_exposure:
        return "a change as unusual as none"
    one = "so deep a fall" if found.direction == "fall" else "so large a rise"
    return f"{one}, or as unusual a change the other way,"


def _chances(found: Findings) -> str:
    table = found.sensitivity
    return words.chances([table["chance_lower"].min(), table["chance_upper"].max()])


def _most(found: Findings) -> str:
    most = words.chance(float(found.sensitivity["chance_upper"].max()))
    return most if most.startswith("less than") else f"at most {most}"
