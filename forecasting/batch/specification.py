"""Models as they are written in a configuration: a name with parameters, turned into an object of the library.

Models, terms and distributions are written alike: a class name alone, or a table with `name` and its parameters, such as
``{ name = "Step", month = "2023-09" }``.  Every public class is there without being listed again, and every model that was
registered.
"""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, get_type_hints

from forecasting import distributions, terms
from forecasting.distributions import Distribution
from forecasting.errors import InvalidInput
from forecasting.models import Model, find_model, known_models
from forecasting.parameters import Priors
from forecasting.terms import Term, Terms

_ROOMS: dict[type, Any] = {Term: terms, Distribution: distributions}


@dataclass(frozen=True)
class Specification:
    """A model to be built afresh wherever a job runs.

    Attributes
    ----------
    label : str
        What the model is called in the archive.
    name : str
        Class of the model; case does not matter.
    parameters : mapping
        As written.
    draws : int or None
        Number of draws; None leaves it to the model.
    module : str
        Where the model is registered, so that a process that has not heard of it can.
    """

    label: str
    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    draws: int | None = None
    module: str = ""

    @classmethod
    def of(cls, label: str, name: str, parameters: Mapping[str, Any], draws: int | None) -> Specification:
        """Return the specification of a model that is registered.

        Raises
        ------
        InvalidInput
            If no model has that name.
        """
        return cls(label, name, parameters, draws, find_model(name).__module__)

    def build(self, known: tuple[Term, ...] = ()) -> Model:
        """Return the model, with the exposure and covariates of a series among its terms.

        Raises
        ------
        InvalidInput
            If name or parameters are unknown or do not go together, or the model takes no terms and there are some.
        """
        model: Model = _made(find_model(self.name, self.module), self.parameters)
        return _with_terms(model, known) if known else model

    def digest(self, **context: Any) -> str:
        """Return a digest of everything that decides the forecast but series and seed: also of the `context` given."""
        whole = {"name": self.name.lower(), "parameters": dict(self.parameters), "draws": self.draws, **context}
        text = json.dumps(whole, sort_keys=True, default=str, separators=(",", ":"))
        return blake2b(text.encode(), digest_size=16).hexdigest()


def build(kind: type, written: Any) -> Any:
    """Return a model, term or distribution from its name, or from a table with its name and parameters.

    Raises
    ------
    InvalidInput
        If it is unknown, or a parameter is unknown or of the wrong type.

    Examples
    --------
    >>> build(Term, {"name": "Step", "month": "2023-09"})
    Step('2023-09')
    """
    table = {"name": written} if isinstance(written, str) else written
    if not isinstance(table, Mapping) or not isinstance(table.get("name"), str):
        raise InvalidInput(f"{written!r} is no {kind.__name__.lower()}; write its name, or a table with its name in it")
    cls = find_model(table["name"]) if kind is Model else _find(kind, table["name"])
    return _made(cls, {key: value for key, value in table.items() if key != "name"})


def _made(cls: Any, given: Mapping[str, Any]) -> Any:
    """Return an object of a class from its parameters as they are written."""
    fields = {one.name for one in dataclasses.fields(cls) if one.init}
    arguments, faults = {}, []
    for key, value in given.items():
        try:
            if key not in fields:
                raise InvalidInput(f"{cls.__name__} has no parameter {key[:80]!r}; {_suggestion(key, sorted(fields))}")
            arguments[key] = _argument(cls, key, value)
        except InvalidInput as error:
            faults.append(str(error))
    if faults:
        raise InvalidInput(" -- ".join(faults))
    try:
        return cls(**arguments)
    except InvalidInput:
        raise
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{cls.__name__} cannot be made from these parameters: {error}") from error


def names(kind: type) -> dict[str, Any]:
    """Return the concrete public classes of a kind by their lower-case names."""
    if kind is Model:
        return {one.__name__.lower(): one for one in known_models().values()}
    room = _ROOMS[kind]
    found = (getattr(room, name) for name in room.__all__)
    return {
        one.__name__.lower(): one
        for one in found
        if inspect.isclass(one)
        and issubclass(one, kind)
        and one is not kind
        and not inspect.isabstract(one)
        and dataclasses.is_dataclass(one)
    }


def _find(kind: type, name: str) -> Any:
    known = names(kind)
    if name.lower() not in known:
        there = ", ".join(sorted(one.__name__ for one in known.values()))
        raise InvalidInput(f"{name[:80]!r} is no {kind.__name__.lower()}; use one of {there}")
    return known[name.lower()]


def _suggestion(wrong: str, known: list[str]) -> str:
    close = difflib.get_close_matches(wrong, known, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"it has {', '.join(known)}" if known else "it has none"


def _argument(cls: type, key: str, written: Any) -> Any:
    """Return one parameter: a sum of terms, a distribution, priors, or a plain value of the type the class declares."""
    if key == "terms":
        listed = written if isinstance(written, list | tuple) else [written]
        return Terms(tuple(build(Term, one) for one in listed))
    if key in ("distribution", "base"):
        return build(Distribution, written)
    if key == "priors":
        if not isinstance(written, Mapping):
            raise InvalidInput("priors is a table of scales, for example { trend = 0.1 }")
        return Priors(**{str(name): scale for name, scale in written.items()})
    return _plain(cls, key, written)


def _plain(cls: type, key: str, written: Any) -> Any:
    from pydantic import ConfigDict, TypeAdapter, ValidationError

    value = _tuples(written)
    hint = get_type_hints(cls)[key]
    try:
        return TypeAdapter(hint, config=ConfigDict(arbitrary_types_allowed=True)).validate_python(value, strict=True)
    except ValidationError as error:
        wanted = getattr(hint, "__name__", str(hint)) if isinstance(hint, type) else str(hint)
        raise InvalidInput(f"{cls.__name__}: {key}={written!r} must be {wanted}") from error


def _tuples(value: Any) -> Any:
    return tuple(_tuples(one) for one in value) if isinstance(value, list) else value


def _with_terms(model: Any, known: tuple[Term, ...]) -> Model:
    if not any(one.name == "terms" for one in dataclasses.fields(model)):
        raise InvalidInput(
            f"{type(model).__name__} takes no exposure or covariates; leave the columns out, or choose a model with terms"
        )
    own = () if model.terms is None else Terms.of(model.terms).terms
    made: Model = dataclasses.replace(model, terms=Terms((*own, *known)))
    return made
