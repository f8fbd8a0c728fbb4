"""The same jobs on a real Dask cluster of several processes, one of which is killed in mid-run."""

from __future__ import annotations

import json
import os
import signal
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forecasting.batch.config import load_config
from forecasting.batch.runner import run_batch
from forecasting.errors import EngineLost
from tests.batch.batches import counts, fingerprint, run_here, write_batch

ROWS = counts(24)

pytestmark = pytest.mark.filterwarnings("default")  # what Dask's own threads say is not ours to mend


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    try:
        from distributed import LocalCluster
    except ImportError:
        reason = "the package distributed is not installed, so nothing was tried on a Dask cluster"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with LocalCluster(n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None) as started:
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


def test_a_scheduler_file(cluster: Any, tmp_path: Path) -> None:
    (tmp_path / "scheduler.json").write_text(json.dumps({"address": cluster.scheduler_address}))
    config = write_batch(tmp_path, counts(2), 'workers = "dask-file:scheduler.json"')
    assert run_here(config).done == 2


def test_no_scheduler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="the package distributed is not installed")
    monkeypatch.setattr("forecasting.batch.engines._PATIENCE", 0.5)
    config = write_batch(tmp_path, counts(1))
    with pytest.raises(EngineLost, match="cannot be reached"):
        run_here(config, workers="dask://127.0.0.1:9")


def _client(cluster: Any) -> Any:
    from distributed import Client

    return Client(cluster, set_as_default=False)
