"""The same jobs on a real Dask cluster of several processes, one of which is killed in mid-run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forecasting.batch.config import load_config
from forecasting.batch.runner import run_batch
from forecasting.errors import EngineLost
from tests.batch.batches import counts, eventually, fingerprint, run_here, stored, write_batch

ROWS = counts(24)

pytestmark = pytest.mark.filterwarnings("default")  # what Dask's own threads say is not ours to mend


QUIET = {"distributed.worker.profile.enabled": False, "distributed.admin.system-monitor.interval": "10s"}
"""Workers that wait do nothing else: a profile of them a hundred times a second costs more than these tests."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    try:
        import dask.config
        from distributed import LocalCluster
    except ImportError:
        reason = "the package distributed is not installed, so nothing was tried on a Dask cluster"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with warnings.catch_warnings(), dask.config.set(QUIET):
        warnings.simplefilter("ignore")
        with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as started:
            yield started


def test_a_cluster_with_a_killed_worker(cluster: Any, tmp_path: Path) -> None:
    alone = write_batch(tmp_path / "alone", ROWS)
    run_here(alone)
    shared = write_batch(tmp_path / "shared", ROWS, "chunk = 1")
    workers = [worker.worker_address for worker in cluster.workers.values()]
    with _client(cluster) as client:
        processes = client.run(os.getpid)
    assert set(processes) == set(workers)
    assert os.getpid() not in processes.values()
    killed = threading.Event()

    def kill_after_some(event: str, **_: object) -> None:
        if event == "progress" and not killed.is_set():
            killed.set()
            os.kill(processes[workers[0]], signal.SIGKILL)

    address = cluster.scheduler_address.replace("tcp:", "dask:")
    summary = run_batch(load_config(shared, workers=address), kill_after_some)
    assert killed.is_set()
    assert (summary.done, summary.complete) == (24, True)
    assert fingerprint(shared) == fingerprint(alone)
    with _client(cluster) as client:
        assert processes[workers[0]] not in client.run(os.getpid).values()


def pretend() -> None:
    import forecasting.batch.jobs as jobs

    jobs.versions = lambda: {"numpy": "9.9.9"}


def test_a_worker_of_another_version_is_left_out(cluster: Any, tmp_path: Path) -> None:
    config = write_batch(tmp_path, ROWS, "chunk = 1")
    with _client(cluster) as client:
        other = sorted(client.nthreads())[0]
        client.run(pretend, workers=[other])
    told: list[dict[str, Any]] = []
    address = cluster.scheduler_address.replace("tcp:", "dask:")
    summary = run_batch(
        load_config(config, workers=address), lambda event, **details: told.append({"event": event, **details})
    )
    assert (summary.done, summary.complete) == (24, True)
    (left_out,) = [details for details in told if details["event"] == "left_out"]
    assert left_out["worker"] == other
    assert "numpy 9.9.9 rather than" in left_out["reason"]


Processes = tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]


@pytest.fixture
def machines(cluster: Any, tmp_path: Path) -> Iterator[Processes]:
    """Start a scheduler and a worker by their commands, as on several machines."""
    quiet = {**os.environ, "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False"}
    file = ["--scheduler-file", str(tmp_path / "scheduler.json"), "--no-dashboard"]
    with (tmp_path / "log").open("wb") as log:
        scheduler, worker = (
            subprocess.Popen([sys.executable, "-m", f"distributed.cli.{name}", *file, *more], stderr=log, env=quiet)
            for name, more in (("dask_scheduler", ["--port", "0"]), ("dask_worker", ["--nthreads", "1", "--no-nanny"]))
        )
        yield scheduler, worker
        for process in (worker, scheduler):
            process.kill()
            process.wait()


@pytest.mark.parametrize("lost", [0, 1], ids=["scheduler", "all workers"])
def test_a_cluster_that_is_lost(
    machines: Processes, lost: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecasting.batch.engines._DESERTED", 1.0)
    monkeypatch.setattr("forecasting.batch.engines._GLANCE", 0.2)
    config = write_batch(tmp_path, ROWS, 'chunk = 1\nworkers = "dask-file:scheduler.json"')
    eventually((tmp_path / "scheduler.json").exists)

    def kill(event: str, **_: object) -> None:
        if event == "progress":
            machines[lost].kill()

    with pytest.raises(EngineLost, match="no workers for" if lost else "the cluster is gone"):
        run_batch(load_config(config), kill)
    kept = stored(config)
    assert 0 < kept < 24
    again = run_here(config, workers=1)
    assert (again.known, again.done) == (kept, 24 - kept)
    assert stored(config) == 24


def test_no_scheduler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="the package distributed is not installed")
    monkeypatch.setattr("forecasting.batch.engines._PATIENCE", 0.5)
    config = write_batch(tmp_path, counts(1))
    with pytest.raises(EngineLost, match="cannot be reached"):
        run_here(config, workers="dask://127.0.0.1:9")


def _client(cluster: Any) -> Any:
    from distributed import Client

    return Client(cluster, set_as_default=False)
