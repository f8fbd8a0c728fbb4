"""The models by name: those of the library, those that a program registers, and those of installed packages.

Configurations of batches and the command line look models up here and nowhere else.  A package offers its models by entry
points of the group ``forecasting.models``; the variable FORECASTING_MODELS names modules, separated by commas, that are
imported first and register theirs, in worker processes too.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import os
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import TypeVar

from forecasting.errors import InvalidInput
from forecasting.models.automatic import Auto
from forecasting.models.autoregression import Autoregression
from forecasting.models.base import Model
from forecasting.models.baselines import Climatology, HistoricalMoments, SeasonalNaive
from forecasting.models.level import DynamicLevel
from forecasting.models.local_level import LocalLevel
from forecasting.models.regression import CountRegression
from forecasting.models.sarima import SARIMA
from forecasting.models.shifting_level import ShiftingLevel

GROUP = "forecasting.models"
VARIABLE = "FORECASTING_MODELS"

Registered = TypeVar("Registered", bound=type[Model])

_MODELS: dict[str, type[Model]] = {
    "regression": CountRegression,
    "auto": Auto,
    "level": DynamicLevel,
    "local-level": LocalLevel,
    "shifting-level": ShiftingLevel,
    "ingarch": Autoregression,
    "sarima": SARIMA,
    "climatology": Climatology,
    "moments": HistoricalMoments,
    "seasonal-naive": SeasonalNaive,
}

_SHIPPED = frozenset(_MODELS.values())


def register_model(name: str) -> Callable[[Registered], Registered]:
    """Make a model known by name to batches and to the command line; a decorator of its class.

    Parameters
    ----------
    name : str
        Short name, case does not matter; the name of the class is understood too.

    Raises
    ------
    InvalidInput
        If the class is not a model that can be made without arguments, or the name is taken by another one.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import forecasting as fc
    >>> @fc.register_model("last-half-year")
    ... @dataclass(frozen=True)
    ... class LastHalfYear(fc.Model):
    ...     def forecast(self, data, horizon, *, draws=None, rng):
    ...         return fc.HistoricalMoments(6).forecast(data, horizon, draws=draws, rng=rng)
    >>> fc.known_models()["last-half-year"] is LastHalfYear
    True
    """

    def registered(cls: Registered) -> Registered:
        _MODELS[_free(name, cls)] = cls
        return cls

    return registered


def known_models() -> Mapping[str, type[Model]]:
    """Return all models by short name: those of the library, then those registered and those of installed packages.

    Examples
    --------
    >>> import forecasting as fc
    >>> fc.known_models()["level"]().forecast(fc.load_counts("tornadoes"), 1, rng=1).name
    'tornadoes'
    """
    _discover(os.environ.get(VARIABLE, ""))
    return MappingProxyType(dict(_MODELS))


@cache
def _discover(modules: str) -> None:
    """Import what registers models: the modules of the variable, and the entry points of packages."""
    for module in filter(None, (name.strip() for name in modules.split(","))):
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise InvalidInput(f"{VARIABLE}: the module {module!r} cannot be imported: {error}") from error
    for point in entry_points(group=GROUP):
        register_model(point.name)(point.load())


def find_model(name: str, module: str = "") -> type[Model]:
    """Return the model of that short name, or of that class name; case does not matter.

    Parameters
    ----------
    name : str
        Of the model.
    module : str
        Where it was registered, to be imported first in another process; nowhere by default.

    Raises
    ------
    InvalidInput
        If there is none; names those there are.
    """
    if module:
        importlib.import_module(module)
    known = known_models()
    named = {cls.__name__.lower(): cls for cls in known.values()} | dict(known)
    if name.lower() not in named:
        raise InvalidInput(
            f"{name[:80]!r} is not a model; use one of {', '.join(sorted(cls.__name__ for cls in known.values()))}, or a name "
            "that was registered with register_model"
        )
    return named[name.lower()]


def _free(name: str, cls: type[Model]) -> str:
    """Return the short name if the class may have it."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidInput(f"name={name!r} must be the name of a model")
    if not (inspect.isclass(cls) and issubclass(cls, Model) and not inspect.isabstract(cls)):
        raise InvalidInput(
            f"{cls!r} is not a model; derive it from Model or ProcessModel and give it what they ask for"
        )
    if not dataclasses.is_dataclass(cls) or any(
        one.init and one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
        for one in dataclasses.fields(cls)
    ):
        raise InvalidInput(f"{cls.__name__} must be a dataclass whose fields all have a default")
    short, classes = name.strip().lower(), {one.__name__.lower(): one for one in _MODELS.values()}
    for taken in (
        _MODELS.get(short),
        classes.get(short),
        classes.get(cls.__name__.lower()),
        _MODELS.get(cls.__name__.lower()),
    ):
        # The same class made again, as when a cell of a notebook is run twice, takes the place of the old one.
        if taken is not None and (taken in _SHIPPED or taken.__qualname__ != cls.__qualname__):
            raise InvalidInput(
                f"the name {name!r}, or that of the class {cls.__name__}, belongs to {taken.__module__}.{taken.__qualname__}; "
                "use another"
            )
    return short
