"""The jump report as one HTML page that needs nothing else: style sheet and pictures are inside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
from jinja2 import Environment
from markupsafe import Markup
from matplotlib.figure import Figure

from forecasting.display import templates
from forecasting.figures import (
    expectation_figure,
    known_figure,
    outlook_figure,
    probabilities_figure,
    step_figure,
    svg,
    themed,
)
from forecasting.figures.style import total
from forecasting.report.checklist import Item
from forecasting.report.truth import coverage, published
from forecasting.scenarios import JumpReport
from forecasting.scenarios.surprise import Surprise
from forecasting.scenarios.wording import beyond, bits, limits, primary, statements, tail
from forecasting.scenarios.words import chance, chances, factor, factors, months, share

_ROLES = {
    "data": "Facts used as data",
    "check": "Facts that must only agree with them",
    "context": "Shown, never mixed in: another unit or definition",
    "superseded": "Superseded by a later vintage",
    "left out": "Left out on request",
}


def pictures(report: JumpReport, truth: pd.DataFrame | None = None) -> dict[str, Figure]:
    """Return the pictures of a report by name.

    Parameters
    ----------
    report : JumpReport
        Drawn.
    truth : DataFrame, optional
        From `check_truth`; what was published later is marked.
    """
    later = None if truth is None else published(truth)
    return {
        "known": known_figure(report),
        "expectation": expectation_figure(report),
        "step": step_figure(report),
        "probabilities": probabilities_figure(report),
        "outlook": outlook_figure(report.outlook, later),
    }


def render(
    report: JumpReport,
    *,
    facts: pd.DataFrame | None = None,
    readings: pd.DataFrame | None = None,
    truth: pd.DataFrame | None = None,
    record: Mapping[str, object] | None = None,
    drawings: Mapping[str, str] | None = None,
    items: Sequence[Item] = (),
) -> str:
    """Return the page.

    Parameters
    ----------
    report : JumpReport
        The analysis.
    facts : DataFrame, optional
        `Evidence.facts`: what it rests on, with sources and roles; left out where it rests on a table of counts.
    readings : DataFrame, optional
        From `compare_readings`.
    truth : DataFrame, optional
        From `check_truth`.
    record : mapping, optional
        From `provenance`.
    drawings : mapping of str to str, optional
        `pictures` as SVG, if they are at hand.
    items : sequence of Item, optional
        From `checklist`.

    Returns
    -------
    str
        HTML; everything that came from data is escaped.
    """
    images = drawings or {name: svg(figure) for name, figure in pictures(report, truth).items()}
    return (
        _environment()
        .get_template("jump.html")
        .render(
            report=report,
            statements=statements(report)[1:],
            beyond=beyond(report),
            chances=chances([report.sensitivity["chance_lower"].min(), report.sensitivity["chance_upper"].max()])
            if report.foretold
            else None,
            steps=chances(report.sensitivity["step_probability"].to_list()),
            limits=limits(report),
            pair=report.comparison,
            level=f"{report.level:.0%}",
            observed=_records(report.observed.reset_index()),
            verdicts=_verdicts(report),
            sensitivity=_records(report.sensitivity),
            poisson=_poisson(report),
            readings=[] if readings is None else _records(readings.replace(np.inf, np.nan)),
            expected=report.prior_ratio["trend"],
            truth=[] if truth is None else _records(truth[truth["status"] == "exact"]),
            unpublished=[] if truth is None else _unpublished(truth),
            coverage="" if truth is None else coverage(truth),
            roles=None
            if facts is None
            else [(title, _facts(facts[facts["role"] == role])) for role, title in _ROLES.items()],
            samplers=_samplers(report),
            record=record or {},
            items=items,
            omitted=[] if facts is None else list(facts.loc[facts["role"] == "left out", "fact_id"]),
            # drawn by `svg`, which escapes all text
            drawings={name: Markup(themed(image)) for name, image in images.items()},
        )
    )


@cache
def _environment() -> Environment:
    environment = templates("forecasting.report")
    filters: dict[str, Callable[[Any], object]] = {
        "brief": lambda value: "-" if value is None else _brief(chance(value)),
        "window": months,
        "count": lambda value: "any number" if value is None else f"{value:,.0f}",
        "two": lambda value: "-" if value is None else factor(value),
        "day": lambda value: f"{value.day} {value:%B %Y}",
        "power": _power,
    }
    environment.filters |= filters
    environment.globals |= {"total": total, "per": _per, "share": share, "factors": factors, "spread": chances}
    return environment


def _brief(said: str) -> str:
    """Return a chance in words for a narrow column."""
    return said.replace("one in a million", "0.0001%").replace("less than", "<").replace("more than", ">")


def _per(limits: tuple[int, float], exposure: float, between: str = " to ") -> str:
    """Return a total, or its limits, per unit of exposure."""
    ends = [f"{limit / exposure:,.1f}" for limit in limits]
    return ends[0] if limits[0] == limits[1] else between.join(ends)


def _power(value: float) -> Markup:
    """Return a tiny number as a product with a power of ten."""
    if value <= 0.0:
        return Markup("less than 10<sup>&minus;300</sup>")
    mantissa, exponent = f"{value:.1e}".split("e")
    if int(exponent) >= -3:
        return Markup(f"{value:.2g}")
    return Markup(f"{mantissa} &times; 10<sup>&minus;{-int(exponent)}</sup>")


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows with None for what is missing."""
    plain = table.astype(object).where(table.notna(), None)
    return [{str(name): cell for name, cell in row.items()} for row in plain.to_dict("records")]


def _verdicts(report: JumpReport) -> list[dict[str, Any]]:
    """Return the table of the report with its chances in words."""
    rows = _records(report.table().reset_index())
    for row, result in zip(rows, report.results, strict=True):
        told = result.surprise
        row |= {"meaning": result.meaning, "reason": None}
        row["search"] = "-" if result.has_step else _brief(share(result.search, report.draws))
        if isinstance(told, Surprise):
            row |= {"chance": _brief(primary(told)), "tail": _brief(tail(told)), "bits": bits(told)}
        else:
            row["reason"] = told.reason
    return rows


def _poisson(report: JumpReport) -> dict[str, float]:
    """Return the p-value, and how many powers of ten more probable the facts are once months may be uneven."""
    uneven, even = report.of_kind("constant", step=False), report.result("constant Poisson")
    gain = uneven.posterior.log_evidence - even.posterior.log_evidence
    return {"p": report.p_value, "powers": gain / np.log(10.0)}


def _unpublished(truth: pd.DataFrame) -> list[dict[str, Any]]:
    rows = truth[truth["status"] != "exact"].drop_duplicates("month")
    return _records(rows[["month", "lower", "upper"]])


def _samplers(report: JumpReport) -> list[dict[str, Any]]:
    rows = []
    for result in report.results:
        parts = [("all facts", result.posterior)]
        if isinstance(result.surprise, Surprise):
            parts.append(("months before alone", result.surprise.posterior))
        rows += [
            {
                "baseline": result.name,
                "given": given,
                "method": posterior.quality.method,
                "khat": posterior.khat,
                "ess": posterior.ess,
            }
            for given, posterior in parts
        ]
    return rows


def _facts(facts: pd.DataFrame) -> list[dict[str, Any]]:
    rows = _records(facts)
    for row in rows:
        row["link"] = row["url"] if _is_web(row["url"]) else None
        row["window"] = f"{row['start']}" if row["start"] == row["end"] else f"{row['start']} to {row['end']}"
    return rows


def _is_web(url: object) -> bool:
    try:
        parts = urlsplit(str(url))
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
