"""Between records and rows of the tables."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from datetime import date
from hashlib import blake2b
from typing import Any

import numpy as np
from sqlalchemy import RowMapping

from forecasting.batch.packing import pack, pack_many, unpack, unpack_many
from forecasting.batch.records import ForecastRecord, JobKey, Roll, RunRecord, ScoreRecord, Vintage
from forecasting.errors import ArchiveError

Row = RowMapping | Mapping[str, Any]


def run_row(run: RunRecord) -> dict[str, Any]:
    """Return the row of a run."""
    return {
        "config_digest": run.config_digest,
        "started": run.started.isoformat(),
        "config": _json(run.config),
        "versions": _json(run.versions),
        "seed": str(run.seed),
    }


def observation_row(vintage: Vintage) -> dict[str, Any]:
    """Return the row of the counts of a vintage."""
    parts = [pack(vintage.values), pack(vintage.missing.astype(np.int64))]
    if vintage.exposure is not None:
        parts.append(pack(vintage.exposure.view(np.int64)))
    return {
        "digest": vintage.digest,
        "first": vintage.first,
        "last": vintage.last,
        "n": vintage.n,
        "counts": pack_many(parts),
        "facts": vintage.facts,
    }


def vintage_row(vintage: Vintage, run: int, day: str) -> dict[str, Any]:
    """Return the row of a vintage; `day` stands for an unknown as-of."""
    as_of = vintage.as_of.isoformat() if vintage.as_of else ""
    return {"series": vintage.series, "as_of": as_of, "known": as_of or day, "digest": vintage.digest, "run": run}


def read_vintage(row: Row) -> Vintage:
    """Return the vintage of a joined row; raises `ArchiveError` where it is damaged or not what was stored."""
    try:
        vintage = _vintage(row)
        intact = vintage.digest == row["digest"]
    except (ArchiveError, ValueError, TypeError) as error:
        raise ArchiveError(_altered_counts(row, f" ({error})")) from None
    if not intact:
        raise ArchiveError(_altered_counts(row))
    return vintage


def _vintage(row: Row) -> Vintage:
    parts = [unpack(part) for part in unpack_many(row["counts"])]
    if len(parts) not in (2, 3) or len({part.shape for part in parts}) != 1:
        raise ArchiveError("arrays of different lengths")
    exposure = parts[2].view(np.float64) if len(parts) == 3 else None
    as_of = date.fromisoformat(row["as_of"]) if row["as_of"] else None
    return Vintage(row["series"], as_of, row["first"], parts[0], parts[1] != 0, exposure, row["facts"])


def _altered_counts(row: Row, detail: str = "") -> str:
    return f"the archived counts of {row['series']!r} are not those that were stored: damaged or altered{detail}"


def forecast_row(record: ForecastRecord, run: int) -> dict[str, Any]:
    """Return the row of a forecast."""
    key = record.key
    return {
        "run": run,
        "job": key.digest,
        "series": key.series,
        "model": key.model,
        "origin": key.origin,
        "vintage": key.vintage,
        "specification": key.specification,
        "horizon": key.horizon,
        "seed": str(key.seed),
        "status": record.status,
        "months": _json(record.months),
        "levels": _json(record.levels),
        "quantiles": pack(record.quantiles, differences=1),
        "paths": pack(record.paths),
        "mean": pack(record.mean.view(np.int64)),
        "marginals": record.marginals or None,
        "messages": _json(record.messages),
        "error": record.error,
        "cpu": record.cpu,
        "content": record.content,
        "account": _json(record.account),
        "hindcast": int(record.hindcast),
    }


def read_forecast(row: Row) -> ForecastRecord:
    """Return the record of a row; raises `ArchiveError` where it is damaged or not what was stored."""
    try:
        record = _forecast(row)
        intact = record.content == row["content"] and record.key.digest == row["job"]
    except (
        ArchiveError,
        ValueError,
        TypeError,
    ) as error:  # of an array, of JSON, or of a record that contradicts itself
        raise ArchiveError(_altered(row, f" ({error})")) from None
    if not intact:
        raise ArchiveError(_altered(row))
    return record


def _forecast(row: Row) -> ForecastRecord:
    what = row["series"], row["model"], row["origin"]
    key = JobKey(*what, row["vintage"], row["specification"], int(row["horizon"]), int(row["seed"]))
    return ForecastRecord(
        key,
        row["status"],
        months=tuple(json.loads(row["months"])),
        levels=tuple(json.loads(row["levels"])),
        quantiles=unpack(row["quantiles"]),
        paths=unpack(row["paths"]),
        mean=unpack(row["mean"]).view(np.float64),
        marginals=bytes(row["marginals"] or b""),
        messages=tuple(json.loads(row["messages"])),
        error=row["error"],
        cpu=float(row["cpu"]),
        account=read_account(row["account"]),
        hindcast=bool(row["hindcast"]),
    )


def _altered(row: Row, detail: str = "") -> str:
    return (
        f"the archived forecast of {row['series']!r} by {row['model']!r} from {row['origin']} is not what was stored: "
        f"damaged or altered{detail}"
    )


def read_account(text: str) -> dict[str, Any]:
    """Return the account of a forecast; raises `ValueError` if the text is not one."""
    account = json.loads(text)
    if not isinstance(account, dict):
        raise ValueError("an account is not an object")
    return account


def roll_row(roll: Roll) -> dict[str, Any]:
    """Return the row of the series of a run; equal ones have equal digests."""
    text = _json({"good": sorted(roll.good), "bad": dict(roll.bad)}).encode()
    return {"digest": blake2b(text, digest_size=16).hexdigest(), "names": zlib.compress(text)}


def read_roll(data: bytes) -> Roll:
    """Return the series of a run; raises `ArchiveError` where the bytes are damaged."""
    try:
        found = json.loads(zlib.decompress(data))
        return Roll(tuple(map(str, found["good"])), {str(name): str(why) for name, why in found["bad"].items()})
    except (zlib.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArchiveError(f"the archived names of the series of a run are damaged ({error})") from None


def score_rows(score: ScoreRecord, forecast: int) -> list[dict[str, Any]]:
    """Return the rows of the scores of a month; what is not a number is stored as nothing."""
    key = {"forecast": forecast, "month": score.month, "months": score.months, "y": score.y}
    return [{**key, "score": name, "value": _number(value)} for name, value in score.values.items()]


def _number(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else float(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, default=dict)
