"""PyMC's NUTS and nutpie on the density of `benchmarks/posterior.py`; runs in the environment of the peers.

Reads the problem as JSON from standard input, writes the measurements as JSON to standard output.  CPU time is that of
tuning and drawing; building and compiling the model is left out.
"""

from __future__ import annotations

import json
import os
import sys
import time

for pool in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[pool] = "1"

import arviz as az  # noqa: E402
import numpy as np  # noqa: E402
import nutpie  # noqa: E402
import pymc as pm  # noqa: E402

DRAWS, CHAINS, SEED = 1000, 2, 60


def build(problem: dict[str, list[float]]) -> pm.Model:
    centre, scale = np.array(problem["centre"]), np.array(problem["scale"])
    with pm.Model() as model:
        beta = pm.Normal("beta", centre[:-1], scale[:-1])
        kappa = pm.HalfNormal("kappa", scale[-1])
        mean = pm.math.exp(np.array(problem["design"]) @ beta)
        pm.NegativeBinomial("y", mu=mean, alpha=kappa**-2, observed=np.array(problem["y"]))
    return model


def run_pymc(model: pm.Model) -> tuple[az.InferenceData, float]:
    """Time each chain from its first to its last iteration, so that compilation before and between stays out."""
    clock: dict[int, list[float]] = {}

    def tick(trace: object, draw: object) -> None:
        clock.setdefault(draw.chain, []).append(time.process_time())

    with model:
        idata = pm.sample(
            DRAWS,
            tune=1000,
            chains=CHAINS,
            cores=1,
            random_seed=SEED,
            progressbar=False,
            nuts_sampler="pymc",
            callback=tick,
            compute_convergence_checks=False,
        )
    return idata, sum(ticks[-1] - ticks[0] for ticks in clock.values())


def run_nutpie(model: pm.Model) -> tuple[az.InferenceData, float]:
    compiled = nutpie.compile_pymc_model(model)

    def sample() -> az.InferenceData:
        return nutpie.sample(compiled, draws=DRAWS, chains=CHAINS, cores=1, seed=SEED, progress_bar=False)

    sample()  # the first call still compiles
    start = time.process_time()
    idata = sample()
    return idata, time.process_time() - start


def summary(idata: az.InferenceData, seconds: float) -> dict[str, object]:
    chosen = idata.posterior[["beta", "kappa"]]
    effective = np.concatenate([np.atleast_1d(values) for values in az.ess(chosen, method="bulk").values()])
    draws = np.concatenate([chosen["beta"].to_numpy(), chosen["kappa"].to_numpy()[..., None]], axis=2)
    return {
        "cpu_ms": 1e3 * seconds,
        "effective": float(effective.min()),
        "effective_per_cpu_second": float(effective.min() / seconds),
        "draws": CHAINS * DRAWS,
        "mean": draws.mean(axis=(0, 1)).tolist(),
        "sd": draws.std(axis=(0, 1)).tolist(),
    }


def main() -> None:
    model = build(json.load(sys.stdin))
    result = {}
    for name, module, run in (("pymc", pm, run_pymc), ("nutpie", nutpie, run_nutpie)):
        result[name] = summary(*run(model)) | {"version": module.__version__}
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
