"""The methodology document and the code tell the same story: names, links, formulas, docstrings, priors."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from matplotlib.mathtext import MathTextParser

import forecasting as fc
from forecasting import evaluation
from forecasting.distributions import Distribution
from forecasting.models.base import Model
from forecasting.terms import Term

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "methodology.md").read_text(encoding="utf-8")
NAMES = sorted(set(re.findall(r"`(forecasting\.[\w.]+)`", TEXT)))
FORMULAS = re.findall(r"^\$\$\n(.+?)\n\$\$$", TEXT, flags=re.MULTILINE | re.DOTALL)
INLINE = re.findall(r"(?<![\$\w])\$([^$\n]+)\$", re.sub(r"^\$\$\n.+?\n\$\$$", "", TEXT, flags=re.MULTILINE | re.DOTALL))
COMPUTED = re.findall(r"^ *Computed by (.+?)(?:\n\n|\Z)", TEXT, flags=re.MULTILINE | re.DOTALL)
SAYS = re.compile(r":math:|\.\. math::|\b(1[89]|20)\d\d\b|DLMF|log L|log2")
"""A formula or a source."""


def found(name: str) -> tuple[Any, Any]:
    """Return what a dotted name stands for, and what it belongs to."""
    parts = name.split(".")
    for size in range(len(parts), 0, -1):
        try:
            owner: Any = importlib.import_module(".".join(parts[:size]))
        except ModuleNotFoundError:
            continue
        thing = owner
        for part in parts[size:]:
            owner, thing = thing, getattr(thing, part)
        return thing, owner
    raise AssertionError(f"{name} is nowhere")


def written(name: str, *, module: bool) -> str:
    """Return the docstring of a function, with those of the class it is a method of and, if asked for, of its module."""
    thing, owner = found(name)
    own = [thing, *([owner] if inspect.isclass(owner) else [])]
    if module:
        own.append(inspect.getmodule(owner if isinstance(thing, property) else thing))
    return "\n".join(inspect.getdoc(one) or "" for one in own)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_exists(name: str) -> None:
    assert found(name)[0] is not None


def test_every_formula_names_the_function_that_computes_it() -> None:
    assert len(FORMULAS) > 50
    after = re.findall(r"^\$\$\n.+?\n\$\$\n\n *(.+?) by `forecasting\.", TEXT, flags=re.MULTILINE | re.DOTALL)
    assert after == ["Computed"] * len(FORMULAS)


def test_every_such_function_names_formula_or_source() -> None:
    """The first function named does itself, or its class does; those that help may leave it to their module."""
    silent = []
    for said in COMPUTED:
        first, *others = re.findall(r"`(forecasting\.[\w.]+)`", said)
        silent += [first] * (not SAYS.search(written(first, module=False)))
        silent += [name for name in others if callable(found(name)[0]) and not SAYS.search(written(name, module=True))]
    assert silent == []


@pytest.mark.parametrize("name", [name for name in evaluation.__all__ if name[0].islower()])
def test_every_score_is_mentioned(name: str) -> None:
    assert re.search(rf"[`.]{name}`", TEXT) or isinstance(getattr(evaluation, name), ModuleType)


def test_every_public_model_distribution_and_term_is_mentioned() -> None:
    public = {name: getattr(fc, name) for name in fc.__all__}
    kinds = (Model, Distribution, Term)
    wanted = [name for name, thing in public.items() if inspect.isclass(thing) and issubclass(thing, kinds)]
    assert len(wanted) > 20
    wanted += [name for name, thing in public.items() if inspect.isfunction(thing) and not name.startswith("load_")]
    assert [name for name in wanted if not re.search(rf"`{name}[`(]|\.{name}`", TEXT)] == []


def test_links_and_anchors_resolve() -> None:
    headings = re.findall(r"^#+ (.+)$", TEXT, flags=re.MULTILINE)
    anchors = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
    assert len(set(anchors)) == len(anchors)
    links = re.findall(r"\]\(([^)\s]+)\)", TEXT)
    inside = {link[1:] for link in links if link.startswith("#")}
    assert inside <= set(anchors)
    assert {anchor for anchor, heading in zip(anchors, headings, strict=True) if f"\n## {heading}\n" in TEXT} <= inside
    assert [link for link in links if link[0] != "#" and not (DOCS / link).exists()] == []


@pytest.mark.parametrize("formula", [*FORMULAS, *INLINE])
def test_formulas_render(formula: str) -> None:
    """No backslash that a Markdown processor would take for an escape, and nothing that is no LaTeX."""
    assert not re.search(r"\\[^A-Za-z]", formula)
    assert not re.search(r"[<>*`]|\|", formula)
    plain = formula.replace("\n", " ")
    for latex, like in (("text{", "mathrm{"), ("top", "perp"), ("lt ", "leq "), ("gt ", "geq ")):
        plain = plain.replace(f"\\{latex}", f"\\{like}")
    MathTextParser("path").parse(f"${plain}$")


def test_dollars_pair_up() -> None:
    assert [line for line in TEXT.splitlines() if line.count("$") % 2] == []


def test_the_table_of_priors_is_that_of_the_code() -> None:
    section = TEXT.split("## Priors and what they mean in counts")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", section, flags=re.MULTILINE)
    assert {name: float(value) for name, value in rows} == dict(fc.Priors())


@pytest.mark.parametrize(
    ("said", "where", "value"),
    [
        ("up to 200,000 vectors", "forecasting.likelihood.enumeration.LARGEST", 200_000),
        ("at most 20,000 allowed vectors", "forecasting.likelihood.strategy.CHEAP", 20_000),
        ("at most 20,000 entries", "forecasting.likelihood.pivot.PIVOTAL", 20_000),
        ("fewer than 50 effective vectors", "forecasting.models.estimated.FEWEST_VECTORS", 50),
        (r"c_t = .ell_t \+ 4.sqrt", "forecasting.kernels.level._DEVIATIONS", 4.0),
        (r"\+ 10/f_t", "forecasting.kernels.level._COUNTS", 10.0),
        (r"counts plus\s+0\.5", "forecasting.models.baselines._MORE", 0.5),
        (r"\$k = 12\$ more months", "forecasting.models.baselines._AS_IF", 12.0),
        (r"\$c = 1/2\$ had been seen", "forecasting.models.baselines._AS_IF_MEAN", 0.5),
        (r"over-dispersion is \$.alpha_0 = 2\$", "forecasting.models.baselines._AS_IF_ALPHA", 2.0),
        ("kept above -12", "forecasting.models.automatic._WORST", -12.0),
        (r"gains less than \$10\^\{-6\}\$", "forecasting.models.maximum._AT_BOUNDARY", 1e-6),
        ("Above 0.7", "forecasting.inference.sampling.KHAT_LIMIT", 0.7),
        ("t with seven degrees of freedom", "forecasting.inference.sampling._FREEDOM", 7.0),
        (r"half of the particles effective, with\s+twelve", "forecasting.inference.annealing._MOVES", 12),
        (r"strength above\s+0\.64", "forecasting.kernels.differencing._STRONG", 0.64),
        (r"fewer than\s+eight\s+origins", "forecasting.evaluation.comparison.FEWEST_ORIGINS", 8),
        (r"no\s+verdict\s+from\s+fewer\s+than\s+five", "forecasting.evaluation.comparison.FEWEST_SERIES", 5),
        ("up to 200 sample paths", "forecasting.batch.records.MOST_PATHS", 200),
        (r"one month in\s+a hundred", "forecasting.distributions.Contaminated.share", 0.01),
        (r"`feedback` \(one\s+half\s+by\s+default\)", "forecasting.models.DynamicLevel.feedback", 0.5),
        (r"at most the\s+last\s+24\s+known", "forecasting.models.Auto.window", 24),
    ],
)
def test_constants_in_the_text_are_those_of_the_code(said: str, where: str, value: float) -> None:
    assert re.search(said, TEXT)
    assert found(where)[0] == value
