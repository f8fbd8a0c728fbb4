"""Pictures of results: functions that take a result and return a matplotlib ``Figure``.

Every figure carries its alternative text as its label, is laid out for a phone's width, and becomes a
deterministic, self-contained drawing through `svg`.  Nothing here touches ``pyplot`` or global settings.

Examples
--------
>>> import forecasting as fc
>>> evidence = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
>>> fc.figures.svg(fc.figures.facts_figure(evidence)).startswith("<svg ")
True
"""

from forecasting.figures.beyond import probabilities_figure, step_figure
from forecasting.figures.calibration import coverage_figure, marginal_figure, pit_figure
from forecasting.figures.expectation import expectation_figure
from forecasting.figures.fan import forecast_figure
from forecasting.figures.interactive import interactive
from forecasting.figures.ledger import facts_figure
from forecasting.figures.months import known_figure
from forecasting.figures.next import outlook_figure
from forecasting.figures.scores import difference_figure, horizon_figure, totals_figure
from forecasting.figures.svg import alternative, svg, themed

__all__ = [
    "alternative",
    "coverage_figure",
    "difference_figure",
    "expectation_figure",
    "facts_figure",
    "forecast_figure",
    "horizon_figure",
    "interactive",
    "known_figure",
    "marginal_figure",
    "outlook_figure",
    "pit_figure",
    "probabilities_figure",
    "step_figure",
    "svg",
    "themed",
    "totals_figure",
]
