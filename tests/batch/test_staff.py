"""Workers of other versions are left out, at the start and when they join, and work is never left to those who are gone."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future
from typing import Any

import pytest

from forecasting.batch.engines import Pool
from forecasting.batch.jobs import versions
from forecasting.batch.staff import Staff
from tests.batch.test_engines import chunks, deadly

OTHER = versions() | {"scipy": "0.0.1"}


class Client:
    """A cluster that does at once what it is given, unless only workers that have left might do it."""

    def __init__(self, **workers: Any) -> None:
        self.there: dict[str, Any] = workers
        self.asked: list[str] = []
        self.gone: set[str] = set()
        self.given: list[tuple[str, ...]] = []

    def nthreads(self) -> dict[str, int]:
        return dict.fromkeys(self.there, 1)

    def run(self, work: Callable[[], Any], workers: list[str], on_error: str) -> dict[str, Any]:
        assert (work, on_error) == (versions, "return")
        self.asked += workers
        return {worker: self.there[worker] for worker in workers}

    def get_executor(self, *, pure: bool, workers: list[str], allow_other_workers: bool) -> Executor:
        assert not pure
        assert not allow_other_workers
        return _Executor(self, workers)


class _Executor(Executor):
    def __init__(self, client: Client, workers: list[str]) -> None:
        self.client, self.workers = client, workers

    def submit(self, work: Any, /, *arguments: Any, **_: Any) -> Future[Any]:
        self.client.given.append(tuple(self.workers))
        future: Future[Any] = Future()
        if set(self.workers) - self.client.gone:
            future.set_result(work(*arguments))
        return future


def staff(client: Client) -> tuple[Staff, list[str]]:
    told: list[str] = []
    return Staff(client, lambda event, **details: told.append(details["reason"])), told


def test_other_versions_are_left_out_and_named_once() -> None:
    client = Client(good=versions(), bad=OTHER, older=AttributeError("no versions"))
    fit, told = staff(client)
    assert fit.threads() == {"good": 1}
    assert fit.width() == 1
    assert told == [
        f"bad is left out: it runs scipy 0.0.1 rather than {versions()['scipy']}; install the same",
        "older is left out: its versions are not known (AttributeError)",
    ]
    client.there |= {"late": OTHER, "later": versions()}
    fit.submit(len, "abc")
    assert client.given == [("good", "later")]
    assert len(told) == 3
    assert sorted(client.asked) == ["bad", "good", "late", "later", "older"]


def test_work_for_those_who_left_is_given_to_those_who_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecasting.batch.engines._GLANCE", 0.1)
    client = Client(first=versions())
    client.gone = {"first"}
    fit, _ = staff(client)

    def leave(future: Future[Any]) -> bool:
        client.there = {"second": versions()}
        return fit.is_stranded(future)

    pool = Pool(lambda _: fit, fit.width, (), (CancelledError,), leave, work=deadly)
    done = [record.key.series for _, records in pool(chunks("a b", "c")) for record in records]
    assert sorted(done) == ["a", "b", "c"]
    assert client.given[-1] == ("second",)
