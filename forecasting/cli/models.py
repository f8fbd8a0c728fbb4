"""``forecasting fit``, ``forecast`` and ``outlook``: one regression, on facts or on a table of counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from forecasting.cli import options
from forecasting.cli.options import Selection, Table
from forecasting.cli.output import noting, say_json, write_picture
from forecasting.cli.requests import (
    DISTRIBUTION,
    DISTRIBUTIONS,
    TERMS,
    bayesian,
    forecaster,
    observed,
    parse_scenarios,
    parse_terms,
    regression,
)
from forecasting.display import records

if TYPE_CHECKING:
    import pandas as pd

    from forecasting.constraints import Observed
    from forecasting.models import CountRegression
    from forecasting.predictive import AccountMember

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Request:
    """What is fitted, and to what, as typed.

    Attributes
    ----------
    selection : Selection
        Which facts.
    table : Table
        Which counts, instead of facts.
    terms, distribution : str
        Of the regression.
    """

    selection: Selection
    table: Table
    terms: str
    distribution: str

    def regression(self) -> CountRegression:
        """Return the model asked for."""
        return regression(parse_terms(self.terms), self.distribution)

    def data(self) -> Observed:
        """Return the counts or facts asked for."""
        return observed(self.selection, self.table)

    def header(self, data: Observed) -> dict[str, Any]:
        """Return series, months and model for JSON."""
        return {**_whose(data), "terms": self.terms, "distribution": self.distribution}

    @property
    def title(self) -> str:
        """Name of the model in a printed table."""
        return f"{self.terms}, {self.distribution}"


def _modelling(command: Command) -> Command:
    """Add the options of a `Request`, which the command receives as `request`."""
    added = [
        options.selects,
        options.reads,
        click.option(
            "--terms",
            default=TERMS,
            show_default=True,
            help="Of the log mean: intercept, trend, seasonal:K, month-effects, weekdays, step:MONTH, pulse:MONTH, "
            "ramp:MONTH[..MONTH], exposure:days.",
        ),
        click.option(
            "--distribution",
            type=click.Choice(list(DISTRIBUTIONS)),
            default=DISTRIBUTION,
            show_default=True,
            help="Of a month around its mean.",
        ),
    ]
    return options.gathers(command, "request", Request, added)


def _named(about: str) -> Callable[[Command], Command]:
    """Add the option of a model by its name."""
    return click.option(
        "--model", "name", type=options.ModelName(), default="regression", show_default=True, help=about
    )


@click.command()
@_modelling
@options.level
@options.as_json
def fit(request: Request, level: float, as_json: bool) -> None:
    """Estimate a regression by maximum likelihood."""
    data, model = request.data(), request.regression()
    found = model.fit(data)
    table = found.summary().drop(columns=["lower", "upper"]).join(found.conf_int(level=level))
    criteria = {name: getattr(found, name) for name in ("loglik", "aic", "aicc", "bic", "nobs", "converged")}
    if as_json:
        say_json(
            {
                **request.header(data),
                "level": level,
                "params": records(table.rename_axis("name").reset_index()),
                **criteria,
                "boundary": list(found.boundary),
                "messages": list(found.messages),
            }
        )
        return
    click.echo(f"{data.name}, {data.months[0]}..{data.months[-1]}: {request.title}\n")
    click.echo(table.to_string(float_format="{:.4f}".format, na_rep="-"))
    click.echo(f"\nintervals: profile likelihood, {level:.0%}")
    click.echo(", ".join(f"{name} {value:.6g}" for name, value in criteria.items() if name != "converged"))
    for message in found.messages:
        click.echo(f"note: {message}")


@click.command()
@_modelling
@_named("The regression, the local level, level and ingarch take facts; the others need each month known or missing.")
@options.horizon
@options.draws
@options.seed
@options.picture
@options.as_json
@click.pass_context
def forecast(
    context: click.Context,
    request: Request,
    name: str,
    horizon: int,
    draws: int | None,
    seed: int,
    picture: str | None,
    as_json: bool,
) -> None:
    """Forecast the months after the data, uncertainty of the parameters included."""
    model = forecaster(name, request.terms, request.distribution)
    data = request.data()
    rng = options.generator(seed)
    with noting() as notes:
        ahead = model.forecast(data, horizon, draws=draws, rng=rng)
        table = ahead.to_frame()
    members = ahead.account.members
    weights = ahead.account.weights if len(members) > 1 else {}
    what = request.title if name == "regression" else name
    if picture:
        from forecasting.figures import forecast_figure

        write_picture(forecast_figure(ahead, data), picture)
    if as_json:
        header = request.header(data) if name == "regression" else _whose(data)
        say_json(
            {
                **header,
                "model": name,
                "seed": seed,
                "draws": len(ahead.paths),
                "priors": model.priors_in_words,
                **(_drawn(members[0]) if not weights else {}),
                "weights": weights,
                "members": [{"member": one.name, "weight": one.weight, **_drawn(one)} for one in members if weights],
                "messages": notes,
                "forecast": records(table),
                **_origin(context, data, seed, len(ahead.paths)),
            }
        )
        return
    _print(table, data, what, notes)
    if weights:
        click.echo("\n" + ", ".join(f"{member} {weight:.0%}" for member, weight in weights.items()))


@click.command()
@_modelling
@_named("Its posterior is what the scenarios start from.")
@click.option(
    "--scenario",
    multiple=True,
    default=("persist", "continue"),
    show_default=True,
    help="persist, continue, revert:A..B or shift:DELTA (change of the log mean); repeatable.",
)
@options.horizon
@options.draws
@options.seed
@options.picture
@options.as_json
@click.pass_context
def outlook(
    context: click.Context,
    request: Request,
    name: str,
    scenario: tuple[str, ...],
    horizon: int,
    draws: int | None,
    seed: int,
    picture: str | None,
    as_json: bool,
) -> None:
    """Forecast the months after the data under several assumptions about their level."""
    scenarios = parse_scenarios(scenario)
    model, data, rng = bayesian(name, request.terms, request.distribution), request.data(), options.generator(seed)
    from forecasting.scenarios import outlook as look

    with noting() as notes:
        posterior = model.posterior(data, draws=draws, rng=rng)
        ahead = look(posterior, scenarios, horizon, rng=rng)
        table = ahead.to_frame()
    if picture:
        from forecasting.figures import outlook_figure

        write_picture(outlook_figure(ahead), picture)
    if as_json:
        say_json(
            {
                **(request.header(data) if name == "regression" else {**_whose(data), "model": name}),
                "seed": seed,
                **_drawn(posterior.account.members[0]),
                "messages": notes,
                "outlook": records(table),
                "totals": records(ahead.totals().reset_index()),
                **_origin(context, data, seed, len(posterior.draws)),
            }
        )
    else:
        _print(table, data, request.title if name == "regression" else name, notes)


def _whose(data: Observed) -> dict[str, Any]:
    return {
        "series": data.name,
        "as_of": getattr(data, "as_of", None),
        "months": [str(data.months[0]), str(data.months[-1])],
    }


def _drawn(one: AccountMember) -> dict[str, Any]:
    """Return how well the draws of a model were got, and under which priors; nothing if it draws none."""
    return {name: value for name, value in one.to_dict().items() if name not in ("name", "weight")}


def _origin(context: click.Context, data: Any, seed: int, draws: int) -> dict[str, Any]:
    """Return the facts a forecast rests on, if it rests on facts, and what gives it again."""
    from forecasting.report import provenance

    facts = getattr(data, "facts", None)
    resolved: dict[str, Any] = {"start": data.months[0], "end": data.months[-1]}
    if facts is not None:
        resolved |= {"series": data.name, "as_of": data.as_of}
    command = options.spelt_out(context, resolved)
    return {
        "facts": [] if facts is None else records(facts),
        "provenance": provenance(data, command=command, seed=seed, draws=draws),
    }


def _print(table: pd.DataFrame, data: Observed, model: str, notes: Iterable[str]) -> None:
    click.echo(f"{data.name} after {data.months[-1]}: {model}\n")
    months = table["ds"].dt.strftime("%Y-%m")
    shown = table.assign(ds=months).drop(columns="unique_id").rename(columns={"ds": "month"})
    click.echo(shown.to_string(index=False, float_format="{:.1f}".format))
    for note in notes:
        click.echo(f"note: {note}")
