"""Seasonal ARIMA on a variance-stabilising scale, forecasting counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.constraints import Observed
from forecasting.display import Drawable, as_html
from forecasting.distributions.transforms import read_transform
from forecasting.errors import InvalidInput
from forecasting.kernels.counts import FloatArray
from forecasting.kernels.differencing import differences as suggested
from forecasting.models.base import BayesianModel
from forecasting.models.fit import Fit
from forecasting.models.known import read_data
from forecasting.models.sarima.counts import SarimaDensity, transformed
from forecasting.models.sarima.fit import maximum_likelihood
from forecasting.models.sarima.orders import Orders
from forecasting.models.sarima.search import Limits, Search, table
from forecasting.reading.arguments import read_flag
from forecasting.terms import Exposure, Term, Terms


@dataclass(frozen=True)
class SARIMA(BayesianModel):
    r"""Regression with seasonal ARIMA errors for the transformed counts of a month.

    .. math:: \phi(B)\Phi(B^{12})\,(1-B)^d(1-B^{12})^D\,(g(y_t) - x_t'\beta) = \theta(B)\Theta(B^{12})\,\varepsilon_t

    A forecast is the distribution of the nearest count, :math:`P(Y\le y)=\Phi((g(y+\tfrac12)-m)/s)`, with everything below one
    half a zero.  Parameters are drawn from their posterior under the priors of `ArimaDensity`: uniform over the stationary and
    invertible region, Jeffreys' for the rest; the effect of a regressor that is the same in all months of the data has the
    normal prior of the other models.  Months that are missing are integrated out.

    Parameters
    ----------
    order : tuple of int
        (p, d, q).
    seasonal : tuple of int
        (P, D, Q), period 12.
    transform : {"log1p", "log", "sqrt", "anscombe", None}
        g; ``"log"`` needs counts above zero.
    terms : Term or Terms, optional
        Regressors on the transformed scale; rows for the months to come are required.
    constant : bool, optional
        A mean, or a drift per month where d + D is 1; a mean without differences and none otherwise where left out.

    Raises
    ------
    InvalidInput
        If orders or transform are impossible, or a constant is asked for with two differences or more.

    References
    ----------
    Box, Jenkins, Reinsel (2008), Time Series Analysis, 4th ed., ch. 9; Monahan (1983), Fully Bayesian analysis of ARMA time
    series models, J. Econometrics 21.

    Examples
    --------
    >>> import numpy as np
    >>> import forecasting as fc
    >>> months = [f"{year}-{month:02d}" for year in range(2018, 2023) for month in range(1, 13)]
    >>> y = fc.CountSeries(months, np.random.default_rng(1).poisson(20, 60))
    >>> fit = fc.SARIMA(seasonal=(0, 0, 0)).fit(y)
    >>> list(fit.params.index), fit.nobs
    (['ma1', 'sigma2'], 59)
    """

    order: tuple[int, int, int] = (0, 1, 1)
    seasonal: tuple[int, int, int] = (0, 1, 1)
    transform: str | None = "log1p"
    terms: Terms | Term | None = None
    constant: bool | None = None

    def __post_init__(self) -> None:
        orders = Orders(self.order, self.seasonal)
        scale = read_transform(self.transform)
        object.__setattr__(self, "order", orders.order)
        object.__setattr__(self, "seasonal", orders.seasonal)
        object.__setattr__(self, "terms", Terms.of(self.terms))
        if self.constant is None:
            object.__setattr__(self, "constant", sum(orders.differences) == 0)
        read_flag(self.constant, "constant")
        if self.constant and sum(orders.differences) > 1:
            raise InvalidInput(
                f"constant=True with {orders} would be a curved trend; use constant=False or fewer differences"
            )
        if any(isinstance(term, Exposure) for term in Terms.of(self.terms).terms) and not scale.multiplicative:
            raise InvalidInput(
                f"an exposure multiplies the counts, which transform={self.transform!r} cannot express; use 'log1p' or 'log'"
            )

    @property
    def priors_in_words(self) -> str:
        """What the priors are."""
        return (
            "ARMA coefficients uniform over the stationary and invertible region, regression coefficients Jeffreys' given "
            "them, innovation variance flat in its logarithm; effects that the data cannot tell normal with sd 1 per unit"
        )

    @property
    def orders(self) -> Orders:
        """The orders."""
        return Orders(self.order, self.seasonal)

    @property
    def regressors(self) -> tuple[str, ...]:
        """Names of the columns of the design: the constant first."""
        constant = ("drift" if sum(self.orders.differences) else "intercept",) if self.constant else ()
        return (*constant, *Terms.of(self.terms).columns())

    def design(self, months: pd.PeriodIndex, origin: pd.PeriodIndex) -> tuple[FloatArray, FloatArray]:
        """Return the design ``[T, k]`` and the log exposure ``[T]`` of any months; `origin` holds those of the data."""
        columns, offset = Terms.of(self.terms).design(months, origin=origin)
        if self.constant:
            time = months.asi8 - origin.asi8[0] + 1.0
            columns = np.column_stack([time if sum(self.orders.differences) else np.ones(len(months)), columns])
        return np.asarray(columns, dtype=float), offset

    def density(self, data: Observed) -> SarimaDensity:
        """Return the log likelihood and log prior for `data`."""
        return SarimaDensity(self, read_data(data))

    def fit(self, data: Observed) -> Fit:
        """Maximise the exact likelihood.

        Parameters
        ----------
        data : CountSeries or Evidence
            Monthly counts; months may be missing, totals and bounds may not be there.

        Raises
        ------
        InvalidInput
            If the series is too short for the orders, constant, or not known by months.
        NotIdentified
            If the differenced series cannot see a regressor; a posterior takes one that is the same in all months of the data.
        """
        return maximum_likelihood(self, self.density(data))

    @classmethod
    def auto(
        cls,
        data: Observed,
        *,
        transform: str | None = "log1p",
        terms: Terms | Term | None = None,
        differences: tuple[int, int] | None = None,
        limits: Limits | None = None,
    ) -> SarimaSearch:
        """Choose the orders with the smallest AICc.

        Parameters
        ----------
        data : CountSeries or Evidence
            As in `fit`.
        transform, terms
            As in the class; the same for all candidates.
        differences : tuple of int, optional
            d and D; by seasonal strength and the KPSS test where left out, as in R's ``auto.arima``.
        limits : Limits, optional
            Largest orders tried.

        Returns
        -------
        SarimaSearch
            ``best``, its ``fit``, and a ``table`` of everything that was tried.
        """
        z = transformed(read_data(data), transform)
        d, seasonal = (
            suggested(z) if differences is None else Orders((0, differences[0], 0), (0, differences[1], 0)).differences
        )
        designs = {}
        for constant in (False, True) if d + seasonal < 2 else (False,):
            model = cls((0, d, 0), (0, seasonal, 0), transform, terms, constant)
            design, offset = model.design(data.months, data.months)
            designs[model.regressors] = design
        found = Search(z - offset, designs, (d, seasonal), Limits() if limits is None else limits, data.name).run()
        first = found[0]
        orders, names = first.density.orders, first.density.regressors
        best = cls(orders.order, orders.seasonal, transform, terms, bool(names[:1] in {("drift",), ("intercept",)}))
        return SarimaSearch(best, maximum_likelihood(best, best.density(data), first.work), table(found))


@dataclass(frozen=True, eq=False)
class SarimaSearch(Drawable):
    """What `SARIMA.auto` found.

    Attributes
    ----------
    best : SARIMA
        The model with the smallest AICc.
    fit : Fit
        It, fitted.
    table : pandas.DataFrame
        A row a model whose exact likelihood was looked at, best first: model, regressors, loglik, aicc, stage.
    """

    best: SARIMA
    fit: Fit
    table: pd.DataFrame

    def in_words(self) -> str:
        """Return the orders chosen and the next best, as a sentence."""
        aicc = self.table["aicc"]
        rival = (
            f"; next is {self.table['model'].iloc[1]} with {aicc.iloc[1] - aicc.iloc[0]:.1f} more"
            if len(aicc) > 1
            else ""
        )
        return f"{self.best.orders} has the smallest AICc of {len(aicc)} models, {self.fit.aicc:.1f}{rival}."

    def __repr__(self) -> str:
        return f"<{self.best.orders}, AICc {self.fit.aicc:.2f}, best of {len(self.table)}>"

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.table, max_rows=10, float_format="{:.4g}".format)
