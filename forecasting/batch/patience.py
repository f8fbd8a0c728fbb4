"""Waiting for an archive on a server that is away: a restart or a lost connection costs a run some time and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from forecasting.errors import ArchiveUnavailable

_FIRST, _LONGEST = 1.0, 30.0  # seconds between attempts, doubled each time

T = TypeVar("T")


class Patience:
    """Try again what a lost server has interrupted.

    Only for what may be done twice: each step of a run is one transaction that recognises what is archived already, so it does
    not matter whether the server went before or after it had stored the step.

    Parameters
    ----------
    seconds : float
        How long a server may be away; 0 to try once.
    tell : callable
        Hears the event ``retry`` before each wait, with its reason.

    Examples
    --------
    >>> answers = iter([ArchiveUnavailable("starting up"), "stored"])
    >>> def store():
    ...     answer = next(answers)
    ...     if isinstance(answer, Exception):
    ...         raise answer
    ...     return answer
    >>> Patience(60, lambda event, **details: print(event, details["reason"]), sleep=lambda seconds: None)(store)
    retry starting up
    'stored'
    """

    def __init__(
        self, seconds: float, tell: Callable[..., None], *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._seconds, self._tell, self._sleep = seconds, tell, sleep

    def __call__(self, step: Callable[..., T], *arguments: Any) -> T:
        """Return what `step` returns.

        Raises
        ------
        ArchiveUnavailable
            If the server is still away when the time is over.
        """
        left, pause = self._seconds, _FIRST
        while True:
            try:
                return step(*arguments)
            except ArchiveUnavailable as error:
                if left <= 0.0:
                    raise
                wait = min(pause, left)
                self._tell("retry", seconds=round(wait, 1), reason=str(error).partition(";")[0])
                self._sleep(wait)
                left, pause = left - wait, min(2.0 * pause, _LONGEST)
