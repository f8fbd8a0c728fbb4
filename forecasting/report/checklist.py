"""A reporting checklist, filled from a run: the 19 items of EPIFORGE 2020, and what a Bayesian analysis adds to them.

The questions are those of the guideline in our own words (Pollett et al. 2021, PLoS Medicine 18(10): e1003793); those on
priors, draws, vintage and repetition follow the guideline for Bayesian analyses of Kruschke (2021, Nature Human Behaviour 5,
1282-1291).  A run knows its data, models and numbers.  What only its author knows is asked for by name and never made up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from forecasting import __version__
from forecasting.errors import InvalidInput
from forecasting.report.answers import ANSWERS, Run
from forecasting.statements import STATEMENTS, option


@dataclass(frozen=True)
class Item:
    """One item of the checklist.

    Attributes
    ----------
    number : str
        1 to 19 as in EPIFORGE 2020, B1 to B4 for what a Bayesian analysis adds.
    asks : str
        What is to be reported.
    answers : tuple of str
        What the run, or its author, says.
    missing : tuple of str
        Names of the statements that are asked for.
    """

    number: str
    asks: str
    answers: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def status(self) -> str:
        """``stated``, ``in part`` or ``not stated``."""
        if not self.missing:
            return "stated"
        return "in part" if self.answers else "not stated"

    @property
    def requests(self) -> tuple[str, ...]:
        """What to give, and how: ``not stated: give --purpose TEXT (what the analysis is for ...)``."""
        return tuple(f"not stated: give {option(name)} TEXT ({_lower(STATEMENTS[name])})" for name in self.missing)


def checklist(found: Mapping[str, Any], statements: Mapping[str, str] | None = None) -> tuple[Item, ...]:
    """Return the checklist of a run.

    Parameters
    ----------
    found : mapping
        What ``forecasting jump``, ``forecast`` or ``outlook`` prints with ``--json``, read back.
    statements : mapping of str to str, optional
        By the names of `forecasting.statements.STATEMENTS`; they come before those the run holds.

    Raises
    ------
    InvalidInput
        If `found` is no such result or lacks a part of it, or a statement has an unknown name.

    Examples
    --------
    >>> items = checklist({"series": "requests", "forecast": []}, {"purpose": "planning of staff"})
    >>> len(items), items[1].answers[-1], items[-6].status
    (23, 'Purpose: planning of staff', 'not stated')
    """
    if (
        not isinstance(found, Mapping)
        or "series" not in found
        or not {"baselines", "forecast", "outlook"} & found.keys()
    ):
        raise InvalidInput(
            "this is no result of forecasting jump, forecast or outlook; write one with --json, for example: "
            "forecasting jump --json > jump.json"
        )
    given = {**(found.get("statements") or {}), **(statements or {})}
    unknown = sorted(given.keys() - STATEMENTS.keys())
    if unknown:
        raise InvalidInput(f"there is no statement {', '.join(unknown)}; there are {', '.join(STATEMENTS)}")
    run = Run(found, {name: text.strip() for name, text in given.items() if text and text.strip()})
    try:
        return tuple(_items(run))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInput(
            f"the result is not as forecasting {__version__} writes it ({type(error).__name__}: {error}); make it again"
        ) from None


def _items(run: Run) -> Iterator[Item]:
    for number, asks, answer in ANSWERS:
        answers, needed = answer(run)
        said = [f"{name.replace('_', ' ').capitalize()}: {run.said[name]}" for name in needed if name in run.said]
        yield Item(number, asks, (*answers, *said), tuple(name for name in needed if name not in run.said))


def _lower(text: str) -> str:
    return (text[0].lower() + text[1:]).rstrip(".")
