"""What a run says to each question of the reporting checklist, and which statements of its author it lacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from forecasting.inference.psis import KHAT_LIMIT

Rows: TypeAlias = list[Mapping[str, Any]]
Answer: TypeAlias = tuple[list[str], list[str]]
"""What the run says, and the names of the statements that only its author can give."""

_METHODS = "docs/methodology.md"


@dataclass(frozen=True)
class Run:
    """A result read back from JSON, and what its author said.

    Attributes
    ----------
    found : mapping
        The result.
    said : mapping of str to str
        Statements by name.
    """

    found: Mapping[str, Any]
    said: Mapping[str, str]

    def rows(self, name: str) -> Rows:
        """Return a table of the result, empty where it has none."""
        return [row for row in self.found.get(name) or [] if isinstance(row, Mapping)]

    @property
    def is_jump(self) -> bool:
        """Whether two windows were compared."""
        return "baselines" in self.found

    @property
    def record(self) -> Mapping[str, Any]:
        """Command, seed, fingerprints and versions."""
        return self.found.get("provenance") or {}

    @property
    def ahead(self) -> list[str]:
        """The months forecast, ``YYYY-MM``."""
        rows = self.rows("forecast") or self.rows("outlook")
        return list(dict.fromkeys(str(row["ds"])[:7] for row in rows if "ds" in row))

    @property
    def data(self) -> Rows:
        """Facts used as data."""
        return [fact for fact in self.rows("facts") if fact.get("role") == "data"]

    @property
    def is_table(self) -> bool:
        """Whether it rests on a table of counts, of which no sources or days of publication are known."""
        return bool(self.record) and not self.rows("facts")

    @property
    def units(self) -> list[str]:
        """What is counted, in the words of the facts, in their order."""
        return list(dict.fromkeys(str(fact["unit"]) for fact in self.data if fact.get("unit")))

    @property
    def samplers(self) -> Rows:
        """What is known of the quality of posterior draws."""
        rows = self.rows("baselines") or [self.found, *self.rows("members")]
        return [row for row in rows if row.get("ess") is not None]


def _title(run: Run) -> Answer:
    kind = "Comparison of two windows of months, with a forecast" if run.is_jump else "Forecast"
    return [f"{kind} of monthly counts: {run.found['series']}."], ["title"]


def _purpose(run: Run) -> Answer:
    what = f"Target: monthly counts of {run.found['series']}{f' ({run.units[0]})' if run.units else ''}"
    answers = [f"{what}{f', {_span(run.ahead)}' if run.ahead else ''}."]
    if run.is_jump:
        answers.append(
            f"Question: was the total of {_window(run, 'after')} a surprise after that of {_window(run, 'before')}?"
        )
    return answers, ["purpose"]


def _methods(run: Run) -> Answer:
    name = run.record.get("versions", {}).get("forecasting", "the version used")
    return [f"All methods with equations, functions and sources: {_METHODS} of forecasting {name}."], []


def _timing(run: Run) -> Answer:
    answers = []
    published = {str(row["month"]) for row in run.rows("truth") if row.get("status") == "exact"}
    if published:
        answers.append(
            f"Run when {_span(sorted(published))} had been published, from what was public on {run.found.get('as_of')}: "
            "in retrospect."
        )
    elif run.found.get("as_of"):
        answers.append(f"From what was public on {run.found['as_of']}.")
    return answers, ["timing", "how_chosen"] if run.is_jump else ["timing"]


def _origin(run: Run) -> Answer:
    sources = dict.fromkeys(
        ", ".join(str(fact[key]) for key in ("publisher", "title", "date", "url") if fact.get(key)) for fact in run.data
    )
    if not sources:
        return [], ["data_access"]
    return [f"{len(run.data)} facts used as data, from: {'; '.join(sources)}."], []


def _provided(run: Run) -> Answer:
    if run.data:
        return ["Every fact is in the result, with its source, place in the source and date of publication."], []
    return [], ["data_access"]


def _processing(run: Run) -> Answer:
    answers = []
    known = run.rows("known")
    if known:
        exact = sum(bool(row["exact"]) for row in known)
        others = "were not observed" if run.is_table else "by ranges, totals or orderings"
        rest = f", the others {others}" if exact < len(known) else ""
        answers.append(f"{exact} of {len(known)} months are known exactly{rest}.")
    roles = Counter(str(fact["role"]) for fact in run.rows("facts"))
    if roles:
        answers.append(f"Facts by role: {', '.join(f'{role} {number}' for role, number in roles.items())}.")
        answers.append("Units are never added together; superseded and context facts do not enter the likelihood.")
    if run.found.get("reading"):
        answers.append(f"Alternative readings switched on: {', '.join(run.found['reading'])}.")
    answers.append("No month is filled in: what is not known exactly enters as the set of counts it can have been.")
    return answers, []


def _model(run: Run) -> Answer:
    if run.is_jump:
        listed = "; ".join(f"{row['baseline']}: {row['meaning']}, {row['terms']}" for row in run.rows("baselines"))
        answers = [f"Log-linear count models: {listed}."]
        answers += [
            f"Left out of all: {name} ({reason})." for name, reason in (run.found.get("left_out") or {}).items()
        ]
        answers.append("Negative-binomial months (Poisson in the first), independent given the parameters.")
    else:
        parts = [run.found.get("model", "regression"), run.found.get("terms"), run.found.get("distribution")]
        answers = [f"Model: {', '.join(str(part) for part in parts if part)}."]
    return [*answers, f"Assumptions and references: {_METHODS}, sections Models and Limits."], []


def _code(run: Run) -> Answer:
    record = run.record
    if not record:
        return [], ["code"]
    versions = ", ".join(f"{name} {number}" for name, number in record.get("versions", {}).items())
    return [f"{versions}; fingerprint of the code {_short(record.get('code_sha256'))}."], ["code"]


def _validation(run: Run) -> Answer:
    answers = ["Simulation studies of the library, of its own families of models: docs/validation."]
    if run.is_jump:
        answers.append("In this run: prior scales moved one at a time, and every alternative reading tried.")
        if not run.found.get("readings"):
            answers[-1] = "In this run: prior scales moved one at a time."
    return answers, ["validation"]


def _accuracy(run: Run) -> Answer:
    truth = run.rows("truth")
    exact = [row for row in truth if row.get("status") == "exact"]
    if exact:
        held = sum(row["lo-90"] <= row["lower"] <= row["hi-90"] for row in exact)
        return [
            f"{held} of {len(exact)} 90% intervals (months and forecasts) hold what was published; log scores are in the "
            "result. They share their facts and are no test of calibration."
        ], []
    if truth:
        return ["No month ahead has been published exactly: there is nothing to score yet."], []
    return ["Not scored in this run."], ["validation"]


def _comparator(run: Run) -> Answer:
    if run.is_jump:
        return ["The baselines are compared with each other; the plainest is one constant level."], []
    weights = run.found.get("weights") or {}
    if weights:
        shares = ", ".join(f"{name} {weight:.0%}" for name, weight in weights.items())
        return [f"A pool, weighted by how its members foretold the last months: {shares}."], ["comparator"]
    return [], ["comparator"]


def _horizon(run: Run) -> Answer:
    months = run.ahead
    return ([f"{len(months)} {'month' if len(months) == 1 else 'months'}: {_span(months)}."] if months else []), [
        "horizon_reason"
    ]


def _uncertainty(run: Run) -> Answer:
    drawn = run.is_jump or bool(run.samplers) or bool(run.found.get("priors"))
    parameters = "uncertainty of the parameters included; " if drawn else ""
    answers = [f"Forecasts are distributions, {parameters}central intervals of 50, 80 and 90%."]
    step = run.found.get("step")
    if step:
        level = f"{run.found.get('level', 0.95):.0%}"
        answers.append(
            f"The step, if there was one: factor {step['median']:.2f}, {level} interval {step['lower']:.2f} to "
            f"{step['upper']:.2f}."
        )
    return answers, []


def _summary(run: Run) -> Answer:
    if run.found.get("in_words"):
        return [str(run.found["in_words"])], []
    rows = run.rows("forecast") or run.rows("outlook")
    return [_in_words(row) for row in rows if "lo-90" in row], []


def _in_words(row: Mapping[str, Any]) -> str:
    assumed = f"Under {row['scenario']}: " if "scenario" in row else ""
    return (
        f"{assumed}{str(row['ds'])[:7]} counts between {row['lo-90']:,.0f} and {row['hi-90']:,.0f} with a probability of "
        f"about 90%, half of the time above {row['median']:,.0f}."
    )


def _version(run: Run) -> Answer:
    record = run.record
    mark = record.get("ledger_sha256") or record.get("data_sha256")
    of = "A table of counts" if run.is_table else f"Data as of {record.get('as_of') or 'all dates'}"
    answers = [f"{of}, fingerprint {_short(mark)}."] if mark else []
    return answers, ["release"]


def _weaknesses(run: Run) -> Answer:
    answers = []
    if run.is_jump:
        if str(run.found["verdict"]).startswith("Not settled"):
            answers.append(str(run.found["verdict"]))
        answers.append(
            f"The windows are one of {run.found.get('window_pairs_searched')} such pairs in the period; how the series was "
            "found is not corrected for."
        )
    if len(run.units) > 1:
        answers.append(f"Facts in different words are taken to count the same: {', '.join(run.units)}.")
    poor = [row for row in run.samplers if (row.get("khat") or 0.0) > KHAT_LIMIT]
    if poor:
        answers.append(
            "Importance weights could not be trusted; the slower sampler was used: " + ", ".join(map(_name, poor)) + "."
        )
    answers.append(
        "What is counted is what was reported to the source; a change of level says nothing of what brought it about."
    )
    return answers, ["weaknesses"]


def _priors(run: Run) -> Answer:
    if run.is_jump:
        priors = run.found.get("priors") or {}
        named = [name for name in ("level", "trend", "seasonal", "step", "dispersion") if name in priors]
        listed = ", ".join(f"{name} {priors[name]:g}" for name in named)
        answers = [f"Normal, scales on the log mean (dispersion: half-normal, coefficient of variation): {listed}."]
        if run.rows("sensitivity"):
            answers.append("With one scale moved at a time: table of the result.")
        return answers, []
    held = [row for row in (run.found, *run.rows("members")) if row.get("priors")]
    if held:
        return [
            ": ".join([*([row["member"]] if "member" in row else []), f"{_in_scales(row['priors'])}."]) for row in held
        ], []
    if run.found.get("model", "regression") != "regression":
        return ["This model has no priors."], []
    return [f"The defaults, with what they mean in counts: {_METHODS}, section Priors."], []


def _in_scales(priors: Mapping[str, float] | str) -> str:
    if isinstance(priors, str):
        return priors
    listed = ", ".join(f"{name} {scale:g}" for name, scale in priors.items())
    return f"scales of the families of coefficients ({_METHODS}, section Priors, says of what): {listed}"


def _draws(run: Run) -> Answer:
    rows = run.samplers
    if not rows:
        return ["This model draws no posterior."], []
    khat = max((row["khat"] for row in rows if row.get("khat") is not None), default=None)
    worst = "" if khat is None else f", largest k-hat {khat:.2f} (weights can be trusted below {KHAT_LIMIT})"
    least = min(row["ess"] for row in rows)
    given = "Given all facts: " if run.is_jump else ""
    members = ", ".join(str(row["member"]) for row in rows if "member" in row)
    each = f" from the posterior of each member that has one ({members})" if members else ""
    return [f"{given}{run.found.get('draws', 0):,} draws{each}, at least {least:,.0f} of them effective{worst}."], []


def _vintage(run: Run) -> Answer:
    day = run.found.get("as_of")
    if day:
        return [f"Only what was public on {day}; facts superseded by then are left out."], []
    if run.is_table:
        return ["A table of counts as it was read; which of them were published when, it does not say."], []
    return ["All that is known today; no vintage was asked for."], []


def _again(run: Run) -> Answer:
    record = run.record
    seed = record.get("seed", run.found.get("seed"))
    return [f"{record['command']} (seed {seed})"] if record else [f"Seed {seed}."], []


ANSWERS: Sequence[tuple[str, str, Callable[[Run], Answer]]] = (
    ("1", "Say in title or abstract that this is forecasting", _title),
    ("2", "Purpose and targets", _purpose),
    ("3", "Methods in full", _methods),
    ("4", "Made ahead of time, in real time or in retrospect", _timing),
    ("5", "Where the data come from", _origin),
    ("6", "The data themselves, or why not", _provided),
    ("7", "What was done to the data", _processing),
    ("8", "Type of model, assumptions, references", _model),
    ("9", "The code, or why not", _code),
    ("10", "How the model was validated, and why so", _validation),
    ("11", "How accuracy was measured, and why so", _accuracy),
    ("12", "Compared with what", _comparator),
    ("13", "How far ahead, and why", _horizon),
    ("14", "Uncertainty", _uncertainty),
    ("15", "Result and uncertainty in plain words", _summary),
    ("16", "Dated version of the published result", _version),
    ("17", "Weaknesses of data and method", _weaknesses),
    ("18", "What follows for those who act", lambda _: ([], ["implications"])),
    ("19", "Where else it may hold", lambda _: ([], ["scope"])),
    ("B1", "Priors and how much they matter", _priors),
    ("B2", "Quality of the posterior draws", _draws),
    ("B3", "Vintage of the data", _vintage),
    ("B4", "How to get the same result again", _again),
)


def _window(run: Run, name: str) -> str:
    return _span(run.found[name]["months"])


def _span(months: Sequence[str]) -> str:
    return months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"


def _short(digest: object) -> str:
    return str(digest)[:12]


def _name(row: Mapping[str, Any]) -> str:
    names = (row.get(key) for key in ("baseline", "member", "model"))
    return next((str(name) for name in names if name), "the posterior")
