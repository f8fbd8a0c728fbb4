"""Weak priors on natural scales, one scale per family of coefficients."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import InvalidInput
from forecasting.kernels.counts import FloatArray
from forecasting.reading.arguments import read_number

_CENTRAL = 1.96  # standard deviations on either side that hold 95%
_LOG_ROOT_TWO_PI = 0.5 * np.log(2.0 * np.pi)


@dataclass(frozen=True)
class Priors:
    """Standard deviations of the normal priors, by family; changeable, shown in every report.

    Attributes
    ----------
    level : float
        Log level, around the log of the mean of what is known.
    trend : float
        Change of the log mean per month; also slope of a ramp.
    step, pulse : float
        Change of the log mean.
    seasonal : float
        Each harmonic or month coefficient.
    covariate : float
        Effect of one standard deviation of a covariate on the log mean; of its largest departure in any month given, if it
        is the same in all months of the data.
    weekday : float
        Change of the log mean if one more day of a month is a weekday: 0.045 where nothing happens on weekends, 0 where all
        days are alike.
    autoregression : float
        Each coefficient of a past count or past mean, before it is cut to the region of stationarity.
    initial : float
        Log level before the first month of a dynamic level, around the log of the mean of the first two years.
    gain : float
        Logit of the gain of a dynamic level, around that of 0.2.
    growth : float
        Change of the log level per month of a dynamic level.
    reversion : float
        Logit of the rate at which a dynamic level reverts, around that of 0.05.
    anchor : float
        Log of what it reverts to, around the log of the mean of what is known.
    noise : float
        Standard deviation of the monthly step of the log level of a local level: half-normal.
    harmonic : float
        Coefficients of the first harmonic of a dynamic level: scale of Student's t with four degrees of freedom, divided by
        the root of the number of the harmonic.
    dispersion : float
        Square root of alpha, the coefficient of variation of the rate: half-normal.
    inflation : float
        Square root of the odds of an excess zero, under zero inflation: half-normal.
    hurdle : float
        Square root of the odds of a month without any count, where a hurdle separates them: half-normal.

    Examples
    --------
    >>> import forecasting as fc
    >>> fc.Priors().scaled(2).trend
    0.2
    """

    level: float = 2.0
    trend: float = 0.1
    step: float = 1.0
    pulse: float = 1.0
    ramp: float = 0.25
    seasonal: float = 0.5
    covariate: float = 1.0
    weekday: float = 0.02
    autoregression: float = 0.5
    initial: float = 0.7
    gain: float = 0.4
    growth: float = 0.02
    reversion: float = 1.5
    anchor: float = 0.5
    noise: float = 0.2
    harmonic: float = 0.06
    dispersion: float = 0.5
    inflation: float = 0.5
    hurdle: float = 2.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0.0 < read_number(value, f"the prior scale {field.name}") < np.inf:
                raise InvalidInput(
                    f"the prior scale {field.name}={value!r} must be a positive, finite number; "
                    f"the default is {field.default}"
                )

    @classmethod
    def from_largest_growth(cls, monthly: float, **scales: float) -> Priors:
        r"""Return priors of somebody who would be surprised by a steadier growth than `monthly`, either way.

        The scale of the trend becomes :math:`\log(1+g)/1.96`: growth by more than g per month, or a decline by as large a
        factor, has a probability of 5% beforehand.

        Parameters
        ----------
        monthly : float
            The largest steady growth per month that one would believe, for example 0.2 for 20%.
        **scales : float
            Other scales.

        Raises
        ------
        InvalidInput
            If `monthly` is not a positive, finite number.

        Examples
        --------
        >>> import forecasting as fc
        >>> round(fc.Priors.from_largest_growth(0.2).trend, 3)
        0.093
        """
        if not 0.0 < read_number(monthly, "monthly") < np.inf:
            raise InvalidInput(
                f"monthly={monthly!r} must be the largest growth per month that you would believe, for example 0.2 for 20%"
            )
        return cls(trend=float(np.log1p(float(monthly)) / _CENTRAL), **scales)

    def scaled(self, factor: float) -> Priors:
        """Return the same priors with every scale multiplied by `factor`."""
        scale = read_number(factor, "factor")
        return replace(self, **{field.name: getattr(self, field.name) * scale for field in fields(self)})

    def of(self, families: tuple[str, ...]) -> FloatArray:
        """Return the scale of each coefficient, given the name of its family."""
        return np.array([getattr(self, family) for family in families])


def read_priors(priors: Priors | None) -> Priors:
    """Return the priors, or the defaults where they are left out; raises `InvalidInput` if they are something else."""
    if priors is None:
        return Priors()
    if not isinstance(priors, Priors):
        raise InvalidInput(f"priors={priors!r} must be Priors, for example Priors(trend=0.2)")
    return priors


def log_normal_density(x: FloatArray, centre: FloatArray, scale: FloatArray, folded: NDArray[np.bool_]) -> FloatArray:
    r"""Return the log density ``[S]`` of independent normal coordinates, the folded ones on the half line.

    .. math:: -\tfrac12\sum_j\{(\theta_j-c_j)/s_j\}^2-\sum_j\log(s_j\sqrt{2\pi})+q\log 2,\quad q\ \text{of them folded}

    Parameters
    ----------
    x : ndarray, [S, p]
        Points; folded coordinates may have either sign.
    centre, scale : ndarray, [p]
        Mean and standard deviation.
    folded : ndarray of bool, [p]
        Coordinates restricted to the half line, where the density is twice as high.
    """
    z = (x - centre) / scale
    constant = np.sum(np.log(scale)) + x.shape[1] * _LOG_ROOT_TWO_PI - np.log(2.0) * np.sum(folded)
    density: FloatArray = -0.5 * np.einsum("sp,sp->s", z, z) - constant
    return density
