"""The automatic forecaster against its peers, on public collections and on simulated series of known processes.

``python -m benchmarks.accuracy`` writes results/accuracy.json and results/accuracy.md.  The public collections belong to
others; they are looked for in the folder that the environment variable FORECASTING_SHARED names, or in ``../shared``.
Finished series are kept, so that an interrupted run goes on.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import gift_eval, processes, rolling
from benchmarks.measuring import RESULTS, machine, versions
from benchmarks.posterior import PEERS
from benchmarks.replications import Study, run
from benchmarks.rolling import LEVELS, Record, Task


def replicate(task: Task, seed: np.random.SeedSequence) -> Record:
    """Return the scores of every forecaster on one series; of the truth too where it is known."""
    result = rolling.compared(task, seed)
    if task.collection == "simulated" and not task.only:
        rng = np.random.default_rng(seed.spawn(1)[0])

        def known(training: Any, stream: np.random.Generator) -> rolling.Forecast:
            return rolling.of_predictive(processes.truth(task.unique_id, training, stream))

        result[TRUTH] = [rolling.attempted(known, training, truth, rng) for training, truth in task.cuts()]
    return result


TRUTH = "the truth"
STUDY = Study(
    {}, replicate, Path(__file__), (Path(rolling.__file__), Path(processes.__file__), Path(gift_eval.__file__))
)

AUTO = "fc.auto"
ETS = ("AutoETS", "AutoETS on log1p")
RECORDED = {
    "hospital": {"AutoETS": 0.5487, "UnobservedComponents": 0.5527, "AutoETS on log1p": 0.5585}
    | {"negative binomial, moments of the last 12": 0.5602, "UnobservedComponents on log1p": 0.5613}
    | {"negative binomial, moments of the last 24": 0.5699, "empirical distribution of the last 12": 0.5766},
    "carparts": {"negative binomial, moments of the last 12": 0.7891, "empirical distribution of the last 12": 0.7996}
    | {"negative binomial, moments of the last 24": 0.8103, "AutoETS": 1.0485, "UnobservedComponents on log1p": 1.0562}
    | {"UnobservedComponents": 1.1215, "AutoETS on log1p": 1.2038},
    "conflict": {"empirical distribution of the last 12": 3.5940, "negative binomial, moments of the last 12": 3.6014}
    | {"negative binomial, moments of the last 24": 3.6633, "UnobservedComponents on log1p": 4.2158}
    | {"UnobservedComponents": 4.4335, "AutoETS": 4.5672, "AutoETS on log1p": 4.7665},
    "classic": {"UnobservedComponents on log1p": 0.6268, "AutoETS on log1p": 0.6353, "UnobservedComponents": 0.6467}
    | {"AutoETS": 0.6740, "negative binomial, moments of the last 24": 0.9132}
    | {"negative binomial, moments of the last 12": 0.9265, "empirical distribution of the last 12": 0.9426},
}
"""Scaled scores recorded for the peers before this library had a forecaster."""

CHOSEN_ON = {"hospital": 3, "carparts": 6}
"""Every third and every sixth series: what the pool holds and how it is weighted was chosen on these."""

RESTS_ON = "the public half of the series, last 12 months, our own code"
"""What the rows in the form of GIFT-Eval rest on."""

TOTALS = tuple(f"total_{last}" for last in rolling.TOTALS)
AVERAGED = ("scaled_crps", "crps", "log_score", *rolling.INTERVALS, *TOTALS, "below_zero", "fractional", "cpu_ms")


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    folder = rolling.shared_folder()
    unknown = set(options.only) - set(rolling.forecasters())
    if unknown:
        raise SystemExit(f"--only {', '.join(sorted(unknown))}: choose from {', '.join(rolling.forecasters())}")
    tasks = {"simulated": processes.collection(options.series)}
    for name in rolling.ORIGINS:
        if (folder / f"{name}.csv.gz").exists():
            tasks[name] = rolling.read_collection(name, folder)[:: options.every]
        elif name not in tasks:
            print(f"{folder} has no {name}.csv.gz; set FORECASTING_SHARED to measure on {name}", file=sys.stderr)
    tasks = {name: [replace(task, only=tuple(options.only)) for task in found] for name, found in tasks.items()}
    every = [task for name in options.collections for task in tasks.get(name, [])]
    study = replace(STUDY, cases={task.name: task for task in every})
    records = {name: found[0] for name, found in run(study, 1, options.store, options.workers).items()}
    note = "not run" if options.only else _add_peers(records, every, options.peers, options.store.with_suffix(""))
    results = {
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "versions": versions(),
        "statsforecast": note,
        "collections": {
            name: summary({task.unique_id: records[task.name] for task in tasks[name]}, RECORDED.get(name, {}))
            for name in options.collections
            if name in tasks
        },
    }
    unseen = {
        name: [task for n, task in enumerate(tasks[name]) if n % CHOSEN_ON[name]]
        for name in options.collections
        if name in CHOSEN_ON and len(tasks.get(name, [])) > 1
    }
    results["unseen"] = {
        name: summary({task.unique_id: records[task.name] for task in rest}, {}) for name, rest in unseen.items()
    }
    if "simulated" in results["collections"]:
        results["processes"] = {
            process: summary(
                {t.unique_id: records[t.name] for t in tasks["simulated"] if t.unique_id.startswith(process)}, {}
            )
            for process in processes.PROCESSES
        }
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "accuracy.json").write_text(json.dumps(results, indent=1) + "\n")
    rows = [
        gift_eval.row(name, model, (records[task.name][model][0]["gift_eval"] for task in tasks[name]), RESTS_ON)
        for name in options.collections
        if name in gift_eval.DATASETS and tasks.get(name)
        for model in records[tasks[name][0].name]
    ]
    if rows:
        (options.folder / "all_results.csv").write_text(gift_eval.written(rows))
    page = render(results)
    (options.folder / "accuracy.md").write_text(page)
    print(page)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--collections", nargs="+", default=list(rolling.ORIGINS), choices=list(rolling.ORIGINS))
    parser.add_argument("--every", type=int, default=1, help="every n-th series of the public collections, for a trial")
    parser.add_argument("--series", type=int, default=processes.SERIES, help="number of simulated series")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--only", nargs="+", default=[], help="forecasters of this interpreter; no others are run")
    parser.add_argument("--folder", type=Path, default=RESULTS, help="where the results go")
    parser.add_argument("--store", type=Path, default=RESULTS / "accuracy.jsonl", help="where finished series are kept")
    parser.add_argument("--peers", type=Path, default=PEERS, help="interpreter that has statsforecast")
    return parser.parse_args(arguments)


# The peer in an interpreter of its own


def _add_peers(records: dict[str, Record], tasks: list[Task], python: Path, store: Path) -> str:
    """Add the scores of AutoETS to the records; return its version, or why it is missing."""
    cuts = [(task.name, *cut) for task in tasks for cut in task.cuts()]
    problem = json.dumps(
        {
            "levels": LEVELS.tolist(),
            "horizon": rolling.HORIZON,
            "series": [training.values.tolist() for _, training, _ in cuts],
        }
    )
    script = Path(__file__).with_name("peers_accuracy.py")
    if not python.exists():
        return "not installed; `make accuracy` installs it where it can"
    version = "import statsforecast; print(statsforecast.__version__)"
    found = subprocess.run([str(python), "-c", version], capture_output=True, text=True, check=False)
    if found.returncode:
        return "not installed in the environment of the peers"
    key = hashlib.blake2b(problem.encode() + script.read_bytes() + found.stdout.encode(), digest_size=16).hexdigest()
    kept = [store.with_name(f"{store.name}.{key}.{kind}.npy") for kind in ("quantiles", "cpu")]
    if not all(file.exists() for file in kept):
        with tempfile.TemporaryDirectory() as folder:
            question = Path(folder) / "problem.json"
            question.write_text(problem)
            subprocess.run([str(python), str(script), str(question), *map(str, kept)], check=True)
    quantiles, milliseconds = (np.load(file) for file in kept)
    for k, model in enumerate(ETS):
        for n, (name, training, truth) in enumerate(cuts):
            failed = not np.isfinite(quantiles[n, k]).all()
            used = (
                rolling.empirical(rolling.HORIZON)(training, np.random.default_rng(0))
                if failed
                else rolling.Forecast(quantiles[n, k])
            )
            score = rolling.scored(training, truth, used)
            score |= {"cpu_ms": milliseconds[n, k], "failure": "no finite forecast" if failed else None}
            records[name].setdefault(model, []).append(score)
    return found.stdout.strip()


# Tables


def summary(records: dict[str, Record], recorded: dict[str, float]) -> dict[str, Record]:
    """Return mean scores of each forecaster, and paired differences from the automatic one, clustered by series."""
    return {
        model: {
            **{name: _mean(_values(records, model, name)) for name in AVERAGED},
            "forecasts": sum(len(record[model]) for record in records.values()),
            "failures": sum(score["failure"] is not None for record in records.values() for score in record[model]),
            "largest": max(score["largest"] for record in records.values() for score in record[model]),
            "recorded": recorded.get(model),
            "auto_minus": {
                name: difference(_values(records, AUTO, name), _values(records, model, name))
                for name in ("scaled_crps", "log_score")
            },
        }
        for model in next(iter(records.values()))
    }


def _values(records: dict[str, Record], model: str, name: str) -> list[list[float | None]]:
    return [[score[name] for score in record[model]] for record in records.values()]


def _mean(values: list[list[float | None]]) -> float | None:
    known = [value for series in values for value in series if value is not None]
    return float(np.mean(known)) if known else None


def difference(ours: list[list[float | None]], theirs: list[list[float | None]]) -> dict[str, float] | None:
    """Return the mean of paired differences and its standard error, forecasts of one series together as one cluster."""
    pairs = [
        np.array([a - b for a, b in zip(*both, strict=True) if a is not None and b is not None])
        for both in zip(ours, theirs, strict=True)
    ]
    used = [pair for pair in pairs if pair.size]
    if len(used) < 2:
        return None
    number, mean = sum(map(len, used)), float(np.concatenate(used).mean())
    sums = np.array([(pair - mean).sum() for pair in used])
    clusters = len(used)
    return {"mean": mean, "se": float(np.sqrt((sums**2).sum() * clusters / (clusters - 1)) / number)}


def render(results: Record) -> str:
    """Return the results as a page of Markdown."""
    here = results["machine"]
    packages = ", ".join(f"{name} {number}" for name, number in results["versions"].items())
    lines = [
        "# Accuracy",
        "",
        f"Measured on {results['date']}: {here['processor']}, {here['cores']} cores, {here['system']}, Python "
        f"{here['python']};",
        f"{packages}; statsforecast {results['statsforecast']}.",
        "Three origins a series, horizon 12, refitted at each origin; see docs/accuracy.md for what the columns mean.",
    ]
    for name, models in results["collections"].items():
        lines += ["", f"## {name}", "", *table(models)]
    for name, models in results["unseen"].items():
        lines += ["", f"## {name}, without the series on which the pool was chosen", "", *table(models)]
    if "processes" in results:
        lines += ["", "## simulated, by process: scaled CRPS", "", *_by_process(results["processes"])]
    return "\n".join(lines) + "\n"


def table(models: dict[str, Record]) -> list[str]:
    """Return the scores of a collection as lines of Markdown, best first."""
    columns = (
        "scaled CRPS|recorded|auto over it|auto minus it (se)|CRPS|log score|auto minus it (se)|80%|95%"
        "|totals of 3, 6, 12 in 90%|below zero"
    )
    lines = [
        f"| forecaster | {columns.replace('|', ' | ')} | failures | CPU ms |",
        "|---" * (columns.count("|") + 4) + "|",
    ]
    auto = models[AUTO]["scaled_crps"]
    ordered = sorted(models.items(), key=lambda item: item[1]["scaled_crps"])
    for name, row in ordered:
        paired = row["auto_minus"]
        cells: Iterable[str] = (
            f"**{name}**" if name == AUTO else name,
            f"{row['scaled_crps']:.4f}",
            _number(row["recorded"], ".4f"),
            "" if name == AUTO else f"{auto / row['scaled_crps']:.3f}",
            "" if name == AUTO else _paired(paired["scaled_crps"]),
            f"{row['crps']:.4g}",
            _number(row["log_score"], ".4f"),
            "" if name == AUTO else _paired(paired["log_score"]),
            f"{row['cover_80']:.3f}",
            f"{row['cover_95']:.3f}",
            ", ".join(_number(row[name], ".3f") for name in TOTALS if row[name] is not None),
            f"{row['below_zero']:.1%}",
            f"{row['failures']} of {row['forecasts']}",
            f"{row['cpu_ms']:.1f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    ours = models[AUTO]
    return [
        *lines,
        "",
        f"Quantiles of `{AUTO}` below zero: {ours['below_zero']:.2%}, fractional: {ours['fractional']:.2%}; "
        f"the largest is {ours['largest']:,.0f}.",
    ]


def _by_process(found: dict[str, dict[str, Record]]) -> list[str]:
    models = list(next(iter(found.values())))
    rows = [[model, *(f"{group[model]['scaled_crps']:.4f}" for group in found.values())] for model in models]
    return [
        f"| forecaster | {' | '.join(found)} |",
        "|---" * (len(found) + 1) + "|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def _number(value: float | None, form: str) -> str:
    return "" if value is None else f"{value:{form}}"


def _paired(value: dict[str, float] | None) -> str:
    return "" if value is None else f"{value['mean']:+.4f} ({value['se']:.4f})"


if __name__ == "__main__":
    main()
