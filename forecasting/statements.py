"""What only the author of an analysis knows, and a reporting checklist asks for by name."""

from __future__ import annotations

STATEMENTS = {
    "title": "Title and first sentence under which the result is published.",
    "purpose": "What the analysis is for, and what is decided by it.",
    "timing": "Whether it was made before, while or after the months were counted.",
    "how_chosen": "How this series and these windows came to be looked at.",
    "data_access": "Where the source data can be had, or why they cannot.",
    "code": "Where the code can be had, or why it cannot.",
    "validation": "How the model was validated for data like these.",
    "comparator": "What the forecast was compared with.",
    "horizon_reason": "Why that many months ahead.",
    "release": "Dated version under which the result is published.",
    "weaknesses": "What is weak about these data or this model.",
    "implications": "What follows for those who act on it.",
    "scope": "For which other places, groups or times it may hold.",
}
"""What each statement says, by name."""


def option(name: str) -> str:
    """Return a statement as an option of the command line.

    Examples
    --------
    >>> option("data_access")
    '--data-access'
    """
    return f"--{name.replace('_', '-')}"
