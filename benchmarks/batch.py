"""Batches: CPU a series beside statsforecast on the same data, growth with the number of series, and Dask workers.

``python -m benchmarks.batch`` measures piece by piece, through the command line and with the archive written, and writes
``batch.json`` and ``batch.md`` into ``results/``.  Finished pieces are kept beside them until all are there, so that an
interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import datetime
import json
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import batch_runs
from benchmarks.batch_runs import HORIZON
from benchmarks.measuring import RESULTS, machine, versions

PEERS = Path(__file__).parents[1] / ".venv-peers" / "bin" / "python"
A_DAY = 86_400
MONTHS, SHORT = 60, 18
LIGHT = "HistoricalMoments of 200 draws"
SIZES = {LIGHT: (10_000, 30_000, 100_000), "auto": (300, 1_000)}
ON_CLUSTER = 400

Piece = Callable[[], dict[str, Any]]


def measure(series: int, months: int, model: str, workers: int = 2) -> dict[str, Any]:
    """Return what a batch costs."""
    with tempfile.TemporaryDirectory() as folder:
        batch_runs.write(Path(folder), series, months, model, workers)
        return batch_runs.run(Path(folder)) | {"model": model, "months": months, "workers": workers}


def on_cluster(series: int, workers: int) -> dict[str, Any]:
    """Return what a batch costs on a Dask cluster."""
    with tempfile.TemporaryDirectory() as folder:
        batch_runs.write(Path(folder), series, MONTHS, "auto", 1)
        return batch_runs.run_on_cluster(Path(folder), workers) | {"model": "auto", "months": MONTHS}


def compare(series: int, model: str, peers: Path, peer_series: int) -> dict[str, Any]:
    """Return what a batch costs, and the peers on the first of the same series, where they are installed."""
    ours: dict[str, Any] = {"forecasting": measure(series, MONTHS, model)}
    if not peers.exists():
        return ours | {"peers": "not installed; `make bench-batch` installs them where it can"}
    with tempfile.TemporaryDirectory() as folder:
        batch_runs.write(Path(folder), min(series, peer_series), MONTHS, model, 1)
        try:
            return ours | batch_runs.run_peers(Path(folder), peers)
        except subprocess.CalledProcessError as error:
            return ours | {"peers": f"failed: {error.stderr.strip().splitlines()[-1]}"}


def pieces(options: argparse.Namespace) -> dict[str, Piece]:
    """Return everything that is to be measured, by name."""

    def grown(model: str, size: int) -> Piece:
        return lambda: measure(size, SHORT, model)

    def clustered(workers: int) -> Piece:
        return lambda: on_cluster(max(ON_CLUSTER // options.smaller, 2), workers)

    found: dict[str, Piece] = {
        "comparison": lambda: compare(
            max(1_000 // options.smaller, 2), options.model, options.peers, options.peer_series
        )
    }
    found |= {f"Dask, {workers}": clustered(workers) for workers in (1, 2)}
    sizes = sorted((size, model) for model, several in SIZES.items() for size in several)
    return found | {f"{model}, {size}": grown(model, max(size // options.smaller, 2)) for size, model in sizes}


def carried_out(wanted: dict[str, Piece], store: Path) -> dict[str, Any]:
    """Return the results of all pieces; those that the store holds for the same versions are not measured again."""
    now = versions()
    lines = [json.loads(line) for line in store.read_text().splitlines()] if store.exists() else []
    done = {line["piece"]: line["result"] for line in lines if line["versions"] == now}
    for name, piece in wanted.items():
        if name not in done:
            print(f"measuring: {name}", flush=True)
            done[name] = piece()
            with store.open("a") as stream:
                stream.write(json.dumps({"piece": name, "versions": now, "result": done[name]}) + "\n")
    return {name: done[name] for name in wanted}


def render(results: dict[str, Any]) -> str:
    """Return the results as a page of Markdown."""
    here, found = results["machine"], results["pieces"]
    peers = {name: found["comparison"][name] for name in ("statsforecast",) if name in found["comparison"]}
    packages = ", ".join(f"{name} {number}" for name, number in (results["versions"] | peers).items())
    runs = [one.get("forecasting", one) for one in found.values()]
    loads = [one["load_before"] for one in runs]
    lines = [
        "# Batches",
        "",
        f"Measured on {results['date']}: {here['processor']}, {here['cores']} cores, {here['system']}, "
        f"Python {here['python']};",
        f"{packages}.",
        "Everything through the command line, interpreter and imports included, with the archive written: quantiles, 200",
        f"sample paths and distributions of {HORIZON} months in SQLite. CPU is that of all processes. Before the runs the load",
        f"of the machine was {min(loads):.1f} to {max(loads):.1f}: what else runs makes wall times longer, and CPU times too",
        "where cores are shared.",
        "",
        *comparison_table(found["comparison"]),
    ]
    for model in SIZES:
        lines += ["", *growth_table([found[name] for name in found if name.startswith(f"{model}, ")])]
    return "\n".join([*lines, "", *cluster_table([found[name] for name in found if name.startswith("Dask")]), ""])


def comparison_table(found: dict[str, Any]) -> list[str]:
    """Return lines of Markdown."""
    ours = found["forecasting"]
    lines = [
        "## Beside statsforecast",
        "",
        f"{ours['series']:,} simulated series of {ours['months']} months, horizon {HORIZON}; two workers and a SQLite archive "
        "for ours; one process, forecasts with three intervals and nothing archived for the peers.",
        "",
        "| what | series | wall, s | CPU, ms a series |",
        "|---|---|---|---|",
        f"| forecasting, `{ours['model']}`, archive written | {ours['series']:,} | {ours['wall_s']:.0f} "
        f"| {ours['cpu_ms_per_series']:.0f} |",
    ]
    for name in ("AutoARIMA", "AutoETS"):
        if name in found:
            one = found[name]
            lines.append(
                f"| statsforecast {name} | {one['series']:,} | {one['wall_s']:.0f} | {one['cpu_ms_per_series']:.0f} |"
            )
    if "peers" in found:
        lines.append(f"| statsforecast | {found['peers']} | | |")
    return lines


def growth_table(found: Sequence[dict[str, Any]]) -> list[str]:
    """Return lines of Markdown."""
    lines = [
        f"## Growth: `{found[0]['model']}`",
        "",
        f"Series of {found[0]['months']} months, generated row by row; {found[0]['workers']} workers.",
        "",
        "| series | wall, s | CPU, ms a series | peak of the command, MB | peak of a worker, MB | series a day on one core |",
        "|---|---|---|---|---|---|",
    ]
    return lines + [
        f"| {one['series']:,} | {one['wall_s']:.0f} | {one['cpu_ms_per_series']:.1f} | {one['parent_mb']:.0f} "
        f"| {one['largest_worker_mb']:.0f} | {1e3 * A_DAY / one['cpu_ms_per_series']:,.0f} |"
        for one in found
    ]


def cluster_table(found: Sequence[dict[str, Any]]) -> list[str]:
    """Return lines of Markdown."""
    lines = [
        "## Dask",
        "",
        f"{found[0]['series']:,} series of {found[0]['months']} months, `{found[0]['model']}`; scheduler, workers of one "
        "thread and the command on this machine. More workers help only where there are cores for them: the last column is CPU",
        "over wall time, the cores that the whole of it was given.",
        "",
        "| workers | wall, s | times as fast | CPU, ms a series | cores given |",
        "|---|---|---|---|---|",
    ]
    slowest = found[0]["wall_s"]
    return lines + [
        f"| {one['workers']} | {one['wall_s']:.0f} | {slowest / one['wall_s']:.2f} | {one['cpu_ms_per_series']:.0f} "
        f"| {one['cpu_ms_per_series'] * one['series'] / 1e3 / one['wall_s']:.2f} |"
        for one in found
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure everything and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smaller", type=int, default=1, help="divide the numbers of series by this, for a trial")
    parser.add_argument("--model", default="auto", help="of the comparison")
    parser.add_argument("--peers", type=Path, default=PEERS, help="interpreter of the peers")
    parser.add_argument("--peer-series", type=int, default=200, help="how many of the series the peers forecast")
    parser.add_argument("--folder", type=Path, default=RESULTS, help="where the results go")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    store = options.folder / "batch.jsonl"
    found = carried_out(pieces(options), store)
    results = {
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "versions": versions(),
        "pieces": found,
    }
    (options.folder / "batch.json").write_text(json.dumps(results, indent=1) + "\n")
    page = render(results)
    (options.folder / "batch.md").write_text(page)
    store.unlink()
    print(page)


if __name__ == "__main__":
    main()
