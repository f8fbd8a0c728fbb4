"""Everything that a jump fits: each baseline to all facts, and to the months before the later window alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from forecasting.constraints import Observed
from forecasting.errors import InvalidInput, SamplingError
from forecasting.kernels.counts import FloatArray
from forecasting.models import Posterior
from forecasting.parameters import Priors
from forecasting.scenarios.baselines import Baseline, baselines, shared
from forecasting.scenarios.surprise import Surprise, Unforecastable, surprise
from forecasting.scenarios.windows import Windows

_TWIN = "the same level without a step could not be fitted"


@dataclass(frozen=True, eq=False)
class Fits:
    """The fitted baselines of a comparison.

    Attributes
    ----------
    baselines : tuple of Baseline
        The models.
    left_out : dict of str to str
        What is left out of all of them, with the reason.
    comparison : Windows
        The windows.
    posteriors : dict of str to Posterior
        By baseline, given all facts.
    surprises : dict of str to Surprise or Unforecastable
        By baseline, given the months before the later window alone.
    """

    baselines: tuple[Baseline, ...]
    left_out: dict[str, str]
    comparison: Windows
    posteriors: dict[str, Posterior]
    surprises: dict[str, Surprise | Unforecastable]

    @classmethod
    def of(
        cls,
        data: Observed,
        comparison: Windows,
        priors: Priors,
        draws: int | None,
        stream: Callable[..., np.random.Generator],
    ) -> Fits:
        """Fit every baseline that the data can support.

        Parameters
        ----------
        data : CountSeries or Evidence
            What is known.
        comparison : Windows
            The windows.
        priors : Priors
            Scales of the priors.
        draws : int, optional
            Posterior draws per baseline.
        stream : callable
            Gives the generator of a name, so that no result hangs on the order of the work.
        """
        listed, left_out = baselines(data, comparison.after[0], priors)
        posteriors: dict[str, Posterior] = {}
        before: dict[str, Posterior | Unforecastable] = {}
        surprises: dict[str, Surprise | Unforecastable] = {}
        for one in listed:
            try:
                posteriors[one.name] = one.model.posterior(data, draws=draws, rng=stream("all facts", one.name))
            except SamplingError as error:  # a wandering level whose normal approximation is too far from its posterior
                left_out[one.name] = str(error)
                continue
            if not one.step:
                before[one.kind] = _before(one, data, comparison, draws, stream("before", one.name))
            # A step to come is its prior beside what the same level without one has learnt from the months before.
            past, foreseen = before.get(one.kind, Unforecastable(_TWIN)), stream("surprise", one.name)
            surprises[one.name] = (
                surprise(past, comparison, step=priors.step if one.step else 0.0, rng=foreseen)
                if isinstance(past, Posterior)
                else past
            )
        return cls(shared(one for one in listed if one.name in posteriors), left_out, comparison, posteriors, surprises)

    def named(self, kind: str, *, step: bool) -> str:
        """Return the name of the (last) baseline whose level is of this kind, with or without a step."""
        return next(one.name for one in reversed(self.baselines) if one.kind == kind and one.step == step)

    @property
    def foretold(self) -> tuple[tuple[Baseline, Surprise], ...]:
        """The baselines without a step that could forecast the later window, with what they expected."""
        told = ((one, self.surprises[one.name]) for one in self.baselines if not one.step)
        return tuple((one, seen) for one, seen in told if isinstance(seen, Surprise))

    @property
    def fullest(self) -> Posterior:
        """The baseline with trend and step, and a season where there is one, given all facts."""
        return self.posteriors[self.named("trend", step=True)]

    @property
    def stepped(self) -> tuple[Baseline, ...]:
        """The baselines with a step."""
        return tuple(one for one in self.baselines if one.step)

    def without_step(self, one: Baseline) -> Posterior:
        """Return the posterior from which replicated periods of `one` are drawn: that of its kind with a step, if it has one.

        Independent Poisson counts of one level have none; their level moves little.
        """
        twins = [other.name for other in self.stepped if other.kind == one.kind and one.name != "constant Poisson"]
        return self.posteriors[twins[0] if twins else one.name]


def _before(
    one: Baseline, data: Observed, comparison: Windows, draws: int | None, rng: np.random.Generator
) -> Posterior | Unforecastable:
    """Return the posterior given what is known of the months before the later window alone, or why there is none."""
    try:
        return one.model.posterior(data.until(comparison.after[0] - 1), draws=draws, rng=rng)
    except (InvalidInput, SamplingError) as error:
        return Unforecastable(str(error))


def step_draws(posterior: Posterior, comparison: Windows) -> FloatArray:
    """Return the draws ``[S]`` of the step at the boundary, on the log scale, of a model that has one."""
    return np.asarray(posterior.draws[:, posterior.names.index(f"step[{comparison.after[0]}]")])
