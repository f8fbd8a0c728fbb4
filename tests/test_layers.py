"""The rules of the house: rooms import only downwards, files stay short, and the public names are these."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import forecasting

PACKAGE = Path(forecasting.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# From the bottom up, one layer a line; a room may import those named before it.
ROOMS = [
    *("errors", "extras", "display", "reading", "months", "randomness", "statements", "kernels", "parameters"),
    *("constraints", "evidence", "series", "shipped", "terms"),
    *("distributions", "likelihood", "inference"),
    *("predictive",),
    *("models",),
    *("scenarios", "evaluation"),
    *("batch",),
    *("__init__", "figures", "report", "cli", "__main__"),
]
MAY_PRINT = {"cli"}
MAY_CREATE_GENERATORS = {"randomness", "batch", "cli"}
MAY_IMPORT_BY_NAME = {"forecasting/display.py", "forecasting/extras.py", "forecasting/models/registry.py"}
LONGEST = 400

PUBLIC = {
    *("load_ledger", "Ledger", "Evidence", "Fact", "Source", "CountSeries", "load_counts"),
    *("Intercept", "Trend", "Seasonal", "MonthEffects", "Step", "Pulse", "Ramp", "Covariate", "Exposure", "Weekdays"),
    *(
        "Poisson",
        "NegativeBinomial",
        "ZeroInflated",
        "Hurdle",
        "CountRegression",
        "Priors",
        "Predictive",
        "reconstruct",
    ),
    *("Autoregression", "SARIMA", "DecayingPulse", "intervention_test", "find_interventions"),
    *(
        "jump",
        "JumpReport",
        "onset",
        "OnsetReport",
        "changes",
        "ChangesReport",
        "outlook",
        "Persist",
        "Revert",
        "Continue",
        "Shift",
    ),
    *("ForecastingError", "ForecastingWarning", "InvalidInput", "InvalidLedger", "InvalidSeries"),
    *("InvalidWindow", "UnknownSeries", "ContradictoryFacts", "NotIdentified", "Problem"),
    *("TooLarge", "SamplingError", "SamplingWarning", "ArchiveError", "ArchiveConflict", "ArchiveUnavailable"),
    *("evaluation", "backtest", "Backtest", "figures"),
    *(
        "DynamicLevel",
        "LocalLevel",
        "Contaminated",
        "Climatology",
        "HistoricalMoments",
        "SeasonalNaive",
        "ShiftingLevel",
    ),
    *("auto", "Auto", "Member", "PooledForecast"),
    *("Model", "ProcessModel", "Parameter", "known_models", "register_model"),
}


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE.parent).as_posix()


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported_rooms(path: Path) -> Iterator[tuple[int, str]]:
    """Every room of the package that a file imports, at any depth of the code, with the line."""
    package = ["forecasting", *path.relative_to(PACKAGE).parent.parts]
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            root, _, rest = name.partition(".")
            if root == "forecasting":
                room = rest.partition(".")[0]
                yield node.lineno, room if room in ROOMS else "__init__"


@cache
def attributes(path: Path) -> list[tuple[int, str]]:
    """Every name and dotted name that a file mentions, such as ``np.random.default_rng``, with the line."""
    nodes = (node for node in ast.walk(parsed(path)) if isinstance(node, ast.Attribute | ast.Name))
    return [(node.lineno, ast.unparse(node)) for node in nodes]


def test_imports_only_downwards() -> None:
    homeless = [name_of(path) for path in FILES if room_of(path) not in ROOMS]
    assert not homeless, "place them in ROOMS"
    found = [
        f"{name_of(path)}:{line} {other}"
        for path in FILES
        for line, other in imported_rooms(path)
        if other not in {*ROOMS[: ROOMS.index(room_of(path))], room_of(path)}
    ]
    assert not found


def test_few_files_import_by_name() -> None:
    """Names of the package in a call of `import_module` would pass every check of imports above."""
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in FILES
        if name_of(path) not in MAY_IMPORT_BY_NAME
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and "import_module" in ast.unparse(node.func)
    ]
    assert not found


def test_files_stay_short() -> None:
    assert not [name_of(path) for path in FILES if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST]


def test_only_the_command_line_prints() -> None:
    printing = {"print", "click.echo", "click.secho", "sys.stdout", "sys.stderr"}
    assert not mentioned(MAY_PRINT, lambda name: name in printing)


def test_randomness_comes_from_the_caller() -> None:
    types = {"np.random", "np.random.Generator", "np.random.SeedSequence"}
    assert not mentioned(
        MAY_CREATE_GENERATORS, lambda name: name.startswith(("np.random", "numpy.random")) and name not in types
    )


def mentioned(elsewhere: set[str], wanted: Callable[[str], bool]) -> list[str]:
    """Return where files outside some rooms mention such a name."""
    return [
        f"{name_of(path)}:{line} {name}"
        for path in FILES
        if room_of(path) not in elsewhere
        for line, name in attributes(path)
        if wanted(name)
    ]


def test_public_names_are_these() -> None:
    assert set(forecasting.__all__) == PUBLIC


def test_the_stub_and_the_package_agree() -> None:
    stub = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    imported = {
        alias.asname or alias.name for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    written = next(
        ast.literal_eval(node.value)
        for node in stub.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    )
    assert set(written) == imported == set(forecasting.__all__)


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    named = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path for path in FILES}
    return {name.removesuffix(".__init__"): path for name, path in named.items()}


def imported_modules(name: str, path: Path, known: dict[str, Path]) -> set[str]:
    """The modules that a file imports, at any depth of the code and for type checkers too."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    found: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found |= {full if (full := f"{base}.{alias.name}") in known else base for alias in node.names}
    return {one for one in found if one in known and one != name}


def test_no_modules_import_each_other() -> None:
    """Leaves of the graph of imports are taken off until none is left; what remains are circles."""
    known = modules()
    graph = {name: imported_modules(name, path, known) for name, path in known.items()}
    while leaves := {name for name, others in graph.items() if not others}:
        graph = {name: others - leaves for name, others in graph.items() if name not in leaves}
    assert not graph
