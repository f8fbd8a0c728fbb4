"""Runs: the same numbers whoever does the work, in whatever order, however often interrupted."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting import CountRegression, CountSeries
from forecasting.batch.accounts import in_words
from forecasting.batch.archive import Archive
from forecasting.batch.config import load_config
from forecasting.batch.runner import run_batch
from forecasting.errors import ArchiveConflict
from forecasting.inference.sampling import Diagnostics
from forecasting.randomness import named_streams
from tests.batch.batches import (
    children,
    command,
    counts,
    eventually,
    fingerprint,
    run_here,
    stored,
    write_batch,
)

MANY = counts(40)
SMALL_CHUNKS = "chunk = 2"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the fingerprint of a run of `MANY` in one process."""
    config = write_batch(tmp_path_factory.mktemp("undisturbed"), MANY)
    summary = run_here(config)
    assert (summary.done, summary.complete) == (40, True)
    return fingerprint(config)


def test_the_archive_holds_what_the_model_says(tmp_path: Path) -> None:
    config = write_batch(tmp_path, counts(1), "intervals = [0.9]\npaths = 50")
    run_here(config)
    with Archive.open(str(tmp_path / "archive.db")) as archive:
        (record,) = archive.forecasts()
        (vintage,) = archive.vintages()
    rng = named_streams(np.random.default_rng(7))("s000", "CountRegression", "2023-12")
    series = CountSeries(vintage.months, vintage.values, unique_id="s000")
    expected = CountRegression().forecast(series, 3, draws=100, rng=rng)
    assert record.levels == (0.05, 0.5, 0.95)
    assert record.quantiles.T.tolist() == expected.quantile([0.05, 0.5, 0.95]).to_numpy().tolist()
    assert record.paths.tolist() == expected.paths[::2].tolist()
    assert record.months == ("2024-01", "2024-02", "2024-03")
    (member,) = record.account["members"]
    assert (member["name"], member["weight"], member["method"]) == ("CountRegression", 1.0, "importance")
    assert in_words(record.account)[0].startswith("k-hat ")
    assert 0 <= record.cpu < 60  # a coarse clock may not have moved
    assert record.hindcast  # as_of is long ago, and the months after it are over
    assert vintage.as_of == dt.date.today()  # as_of cuts months off; nobody knows what the table held on that day


def test_workers_and_order_change_nothing(tmp_path: Path, undisturbed: str) -> None:
    shuffled = write_batch(tmp_path, random.Random(3).sample(MANY, len(MANY)), SMALL_CHUNKS)
    assert run_here(shuffled, workers=2).done == 40
    assert fingerprint(shuffled) == undisturbed


def test_what_is_known_is_not_done_again(tmp_path: Path) -> None:
    config = write_batch(tmp_path, counts(3))
    assert run_here(config).done == 3
    before = fingerprint(config)
    again = run_here(config)
    assert (again.run, again.done, again.known, again.complete) == (2, 0, 3, True)
    assert fingerprint(config) == before
    with_more = config.read_text() + '\n[[models]]\nname = "Climatology"\n'
    config.write_text(with_more)
    more = run_here(config)
    assert (more.done, more.known) == (3, 3)
    config.write_text(with_more.replace("seed = 7", "seed = 8"))
    assert run_here(config).done == 6


def test_other_settings_make_other_keys(tmp_path: Path) -> None:
    config = write_batch(tmp_path, counts(1))
    run_here(config)
    for changed in ({"quantiles": [0.2]}, {"paths": 10}, {"horizon": 2}):
        assert run_here(config, **changed).done == 1
    assert run_here(config, chunk=1, workers=1).known == 1


def test_origins(tmp_path: Path) -> None:
    config = write_batch(tmp_path, counts(1, months=8), "origins = 5")
    assert run_here(config).done == 3
    with Archive.open(str(tmp_path / "archive.db")) as archive:
        assert archive.keys()["origin"].tolist() == ["2022-06", "2022-07", "2022-08"]
        assert archive.keys()["hindcast"].tolist() == [True] * 3
        assert [vintage.n for vintage in archive.vintages()] == [8]  # what was cut off is no release


def monthly(config: Path, rows: list[str], today: dt.date) -> None:
    (config.parent / "counts.csv").write_text("\n".join(["unique_id,ds,y", *rows, ""]))
    run_batch(load_config(config), today=today)


def test_releases_are_kept_in_the_order_in_which_they_arrive(tmp_path: Path) -> None:
    """A count is revised and the revision withdrawn on one day: there is nothing to forecast, and yet something is known."""
    config = write_batch(tmp_path, [])
    config.write_text(config.read_text().replace("as_of = 2024-03-31\n", ""))
    today, before = dt.date(2024, 1, 5), counts(1)
    revised = [*before[:-1], before[-1].rsplit(",", 1)[0] + ",999"]
    for rows in (before, revised, before, before):
        monthly(config, rows, today)
    with Archive.open(str(tmp_path / "archive.db")) as archive:
        last = int(before[-1].rsplit(",", 1)[1])
        assert [int(vintage.values[-1]) for vintage in archive.vintages()] == [last, 999, last]
        assert archive.truth()["y"].iloc[-1] == last
        assert archive.keys()["hindcast"].tolist() == [False, False]


def test_a_day_in_the_past_does_not_rewrite_first_releases(tmp_path: Path) -> None:
    config, rows = write_batch(tmp_path, []), counts(1)
    config.write_text(config.read_text().replace("as_of = 2024-03-31\n", ""))
    monthly(config, rows, dt.date(2024, 1, 5))
    revised = [*rows[:-1], "s000,2023-12,999", "s000,2024-01,9"]
    monthly(config, revised, dt.date(2024, 2, 5))
    with Archive.open(str(tmp_path / "archive.db")) as archive:
        before = archive.truth(release="first")
        config.write_text("as_of = 2024-01-05\n" + config.read_text())
        monthly(config, revised, dt.date(2024, 3, 5))
        pd.testing.assert_frame_equal(archive.truth(release="first"), before)
        late = archive.keys().set_index("id")["hindcast"].sort_index()
        assert late.tolist() == [False, False, True]


def test_counts_are_archived_though_the_series_cannot_be_forecast(tmp_path: Path) -> None:
    stamps = [f"2023-{month:02d}" for month in range(1, 13)]
    bad = {
        "short": (["2023-11,4", "2023-12,5"], {"2023-11": 4, "2023-12": 5}),
        "gap": ([f"{stamp},3" for stamp in stamps if stamp != "2023-05"], {s: 3 for s in stamps if s != "2023-05"}),
        "cell": ([*(f"{stamp},6" for stamp in stamps[:-1]), "2023-12,many"], dict.fromkeys(stamps[:-1], 6)),
        "twice": ([*(f"{stamp},2" for stamp in stamps), "2023-03,9"], {s: 2 for s in stamps if s != "2023-03"}),
        "month": ([*(f"{stamp},8" for stamp in stamps), "autumn,9"], dict.fromkeys(stamps, 8)),
        "none": (["2023-12,"], {}),
    }
    config = write_batch(tmp_path, [f"{name},{row}" for name, (rows, _) in bad.items() for row in rows])
    summary = run_here(config)
    assert (summary.bad_series, summary.done) == (len(bad), 0)
    with Archive.open(str(tmp_path / "archive.db")) as archive:
        truth = archive.truth()
        found = {
            name: dict(zip(rows["ds"].astype(str), rows["y"], strict=True)) for name, rows in truth.groupby("unique_id")
        }
    assert found == {name: known for name, (_, known) in bad.items() if known}
    before = fingerprint(config)
    run_here(config)
    assert fingerprint(config) == before  # said once
    mended = [f"twice,{stamp},{9 if stamp == '2023-03' else 2}" for stamp in stamps]
    run_here(write_batch(tmp_path, mended))
    with Archive.open(str(tmp_path / "archive.db")) as archive:
        first, latest = (archive.truth(series="twice", release=release) for release in ("first", "latest"))
    assert first["y"].tolist() == latest["y"].tolist() == [2, 2, 9, *[2] * 9]


def test_bad_series_and_failed_jobs_stop_nobody(tmp_path: Path) -> None:
    rows = [*counts(2), *(f"zero,2023-{month:02d},0" for month in range(1, 13)), "bad,2023-01,-1"]
    follows = '[[models]]\nname = "Autoregression"\npast_counts = [1]\npast_means = []\ndraws = 100\n'
    config = write_batch(tmp_path, rows, models=follows + '[[models]]\nname = "Climatology"\n')
    heard: list[tuple[str, dict[str, object]]] = []
    summary = run_batch(load_config(config), lambda event, **details: heard.append((event, details)))
    assert (summary.series, summary.bad_series, summary.notes) == (4, 1, 1)
    reasons = {(one.series, one.model): one.reason for one in summary.failures}
    assert "(negative)" in reasons["bad", ""]
    assert "every known count is zero" in reasons["zero", "Autoregression"]
    assert (summary.done, summary.failed) == (5, 1)
    assert {event for event, _ in heard} >= {"created", "start", "bad", "note", "failed", "progress"}
    with Archive.open(str(tmp_path / "archive.db")) as archive:
        kept = archive.keys(status="failed")
        assert json.loads(archive.runs()["summary"].iloc[0])["bad_series"] == 1
    assert set(kept["unique_id"]) == {one.series for one in summary.failures if one.model}
    again = run_here(config)
    assert (again.known, again.failed, again.done) == (summary.done, summary.failed, 0)


def test_exposure_and_covariates(tmp_path: Path) -> None:
    months = [f"{year}-{month:02d}" for year in (2022, 2023, 2024) for month in range(1, 13)][:27]
    rows = [f"a,{month},{10 if k < 24 else ''},{30 + k % 2},{k % 3}" for k, month in enumerate(months)]
    columns = '[input.columns]\nexposure = "days"\ncovariates = ["price"]'
    config = write_batch(tmp_path, rows, header="unique_id,ds,y,days,price", columns=columns)
    assert run_here(config).complete
    dearer = [row[:-1] + "9" if row.startswith("a,2024-03") else row for row in rows]
    write_batch(tmp_path, dearer, header="unique_id,ds,y,days,price", columns=columns)
    assert run_here(config).done == 1
    with Archive.open(str(tmp_path / "archive.db")) as archive:
        assert next(iter(archive.vintages())).exposure is not None


def test_facts(tmp_path: Path) -> None:
    config = write_batch(tmp_path, [])
    source = 'facts = "shipped"\nseries = ["get_lost.desertion_requests", "courts.art337.cases_received"]'
    config.write_text(config.read_text().replace('csv = "counts.csv"', source))
    summary = run_here(config)
    assert (summary.done, summary.complete) == (2, True)


def test_a_conflict_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write_batch(tmp_path, counts(1))
    run_here(config)
    monkeypatch.setattr(Archive, "finished", lambda *_: set())
    assert run_here(config).complete
    monkeypatch.setattr(CountRegression, "posterior", lambda self, data, draws, rng: _Twice(data, draws, rng))
    with pytest.raises(ArchiveConflict):
        run_here(config)


class _Twice:
    quality = Diagnostics(100, 0.0, 1.0, "importance")

    def __init__(self, data: CountSeries, draws: int, rng: np.random.Generator) -> None:
        self.data = CountSeries(data.months, 2 * data.values)

    def forecast(self, horizon: int, *, rng: np.random.Generator) -> object:
        from forecasting.models import Climatology

        return Climatology().forecast(self.data, horizon, rng=rng)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_kill_nine_and_run_again(tmp_path: Path, undisturbed: str, workers: str) -> None:
    config = write_batch(tmp_path, MANY, SMALL_CHUNKS)
    process = command(config, "--workers", workers)
    eventually(lambda: stored(config))
    helpers = children(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    kept = stored(config)
    assert 0 < kept < 40
    eventually(lambda: not any(_runs(one) for one in helpers), 20)
    summary = run_here(config)
    assert (summary.complete, summary.known, summary.known + summary.done) == (True, kept, 40)
    assert stored(config) == 40
    assert fingerprint(config) == undisturbed


def _runs(process: int) -> bool:
    file = Path(f"/proc/{process}/stat")
    return file.exists() and file.read_text().rpartition(")")[2].split()[0] != "Z"


def test_two_runs_at_the_same_time(tmp_path: Path, undisturbed: str) -> None:
    config = write_batch(tmp_path, MANY, SMALL_CHUNKS)
    both = [command(config) for _ in range(2)]
    ended = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], ended
    for output, _ in ended:
        summary = json.loads(output)
        assert summary["known"] + summary["done"] == 40
    assert stored(config) == 40
    assert fingerprint(config) == undisturbed


def test_a_worker_killed_in_mid_run(tmp_path: Path, undisturbed: str) -> None:
    config = write_batch(tmp_path, MANY, SMALL_CHUNKS)
    victims: list[int] = []

    def kill_one(event: str, **details: object) -> None:
        if event == "progress" and not victims:
            mine = [one for one in children(os.getpid()) if "spawn_main" in _called(one)]
            victims.append(mine[0])
            os.kill(mine[0], signal.SIGKILL)

    assert run_batch(load_config(config, workers=2), kill_one).done == 40
    assert victims
    assert fingerprint(config) == undisturbed


def _called(process: int) -> str:
    return Path(f"/proc/{process}/cmdline").read_text()
