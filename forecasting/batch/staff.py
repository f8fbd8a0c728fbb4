"""Which workers of a Dask cluster get jobs: those that run the same versions as this process, whenever they join.

Equal keys must give equal numbers, so a worker with another library, NumPy or SciPy is left out and named; the others go on.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any
from weakref import WeakKeyDictionary

from forecasting.batch.jobs import versions


class Staff(Executor):
    """An executor of the workers that are fit.

    Parameters
    ----------
    client : distributed.Client
        Of the cluster.
    tell : callable
        Hears of every worker that is left out, with the reason.
    """

    def __init__(self, client: Any, tell: Callable[..., None]) -> None:
        self._client, self._tell = client, tell
        self._faults: dict[str, str] = {}  # of every worker that was ever seen; empty for those that are fit
        self._given: WeakKeyDictionary[Future[Any], frozenset[str]] = WeakKeyDictionary()

    @property
    def faults(self) -> dict[str, str]:
        """What is wrong with each worker that is left out."""
        return {worker: fault for worker, fault in self._faults.items() if fault}

    def threads(self) -> dict[str, int]:
        """Return the number of threads of each worker that is fit and there; new ones are asked for their versions."""
        there: dict[str, int] = self._client.nthreads()
        new = [worker for worker in there if worker not in self._faults]
        found = self._client.run(versions, workers=new, on_error="return") if new else {}
        for worker in new:
            self._faults[worker] = _fault(found.get(worker))
            if self._faults[worker]:
                self._tell("left_out", worker=worker, reason=f"{worker} is left out: {self._faults[worker]}")
        return {worker: number for worker, number in there.items() if not self._faults[worker]}

    def width(self) -> int:
        """Return the number of threads that are fit."""
        return sum(self.threads().values())

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **_: Any) -> Future[Any]:
        """Give work to whoever is fit now."""
        fit = list(self.threads())
        executor = self._client.get_executor(pure=False, workers=fit, allow_other_workers=False)
        future: Future[Any] = executor.submit(work, *arguments)
        self._given[future] = frozenset(fit)
        return future

    def is_stranded(self, future: Future[Any]) -> bool:
        """Return True if all who might have done a work are gone, though others are there who might."""
        fit = self.threads().keys()
        return bool(fit) and future in self._given and not self._given[future] & fit


def _fault(found: Any) -> str:
    if not isinstance(found, dict):
        return f"its versions are not known ({type(found).__name__ if found is not None else 'no answer'})"
    other = [
        f"{name} {found.get(name)} rather than {mine}" for name, mine in versions().items() if found.get(name) != mine
    ]
    return f"it runs {', '.join(other)}; install the same" if other else ""
