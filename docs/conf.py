"""Sphinx: the pages of docs/, a reference made of the docstrings, and a gallery of the pictures.  ``make docs`` builds it."""

from __future__ import annotations

import gc
import re
import sys
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from chapters import contents, write_chapters
from commands import commands_page
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from notebook_pages import write_notebook
from numpydoc import docscrape_sphinx
from pictures import draw_cards
from sphinx.application import Sphinx
from sphinx.util.nodes import make_refnode

import forecasting

gc.set_threshold(
    100_000, 50, 50
)  # a build makes millions of nodes and keeps them: looking for rubbish took a fifth of it


class Compiled(BytecodeCache):
    """Compiled templates: numpydoc makes an environment for each docstring, and compiled its template in each."""

    def __init__(self) -> None:
        self.code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket if its template was compiled before."""
        if bucket.key in self.code:
            bucket.bytecode_from_string(self.code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self.code[bucket.key] = bucket.bytecode_to_string()


docscrape_sphinx.SandboxedEnvironment = partial(docscrape_sphinx.SandboxedEnvironment, bytecode_cache=Compiled())

project, author = "forecasting", "the forecasting contributors"
version = release = forecasting.__version__

extensions = [
    *("sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc"),
    *("myst_parser", "sphinx_copybutton", "sphinx_gallery.gen_gallery", "mathml"),
]
exclude_patterns = ["_build", "gallery", "tutorials", "howto", "worked"]
templates_path = ["_templates"]
default_role = "py:obj"
add_module_names = False

myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3  # the anchors of GitHub, so that links within a page hold in both places

autosummary_generate = True
autodoc_typehints = "none"  # types stand in the docstrings, in words
numpydoc_show_class_members = False  # the template lists them

sphinx_gallery_conf = {
    "examples_dirs": ["gallery", "tutorials", "howto", "worked"],
    "gallery_dirs": [f"generated/{name}" for name in ("gallery", "tutorials", "howto", "worked")],
    "filename_pattern": r"\.py$",
    "image_scrapers": ("pictures.scraper",),
    "reset_modules": (),
    "within_subsection_order": "FileNameSortKey",
    "remove_config_comments": True,
    "write_computation_times": False,
    "show_signature": False,
    "download_all_examples": False,
    "copyfile_regex": r".*\.rst",
    "backreferences_dir": None,
}

html_theme = "furo"
html_title = f"forecasting {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True


ROOT = Path(__file__).parents[1]
CHAPTERS = "generated/methodology"
TABLE = re.compile(r"\[([^\]]+)\]\((\.\./benchmarks/results/)?([\w-]+\.md)\)")


def bring_tables(app: Sphinx) -> None:
    """Copy the measured tables, which stand beside the benchmarks, into the site."""
    home = Path(app.srcdir, "generated", "results")
    home.mkdir(parents=True, exist_ok=True)
    for page in (ROOT / "benchmarks" / "results").glob("*.md"):
        (home / page.name).write_text("---\norphan: true\n---\n\n" + page.read_text(encoding="utf-8"), encoding="utf-8")


def bring_pages(app: Sphinx) -> None:
    """Write the pages that are made: one for each notebook, and one for the commands."""
    home = Path(app.srcdir, "generated", "notebooks")
    home.mkdir(parents=True, exist_ok=True)
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        write_notebook(notebook, home)
    write_chapters(Path(app.srcdir, "methodology.md").read_text(encoding="utf-8"), Path(app.srcdir, CHAPTERS), "../../")
    draw_cards(Path(app.srcdir, "generated", "cards"))
    Path(app.srcdir, "generated", "commands.md").write_text(commands_page(), encoding="utf-8")


def find_tables(app: Sphinx, name: str, source: list[str]) -> None:
    """Lead links for a measured table to its copy; one that no run has written yet is named without a link."""

    def link(found: re.Match[str]) -> str:
        said, outside, page = found.groups()
        place = ("generated/results/" if outside else "") + page
        return f"[{said}]({place})" if Path(app.srcdir, name).parent.joinpath(place).exists() else said

    if name == "methodology":
        source[0] = contents(source[0], CHAPTERS)
    source[0] = TABLE.sub(link, source[0])


def find_public(app: Sphinx, env: Any, node: Any, inner: Any) -> Any:
    """Resolve `Predictive` and the like from any page, because docstrings of every room name what the package exports."""
    for home in ("forecasting", "forecasting.evaluation", "forecasting.figures") * (node.get("refdomain") == "py"):
        for name, entry in env.get_domain("py").find_obj(env, home, None, node["reftarget"], "obj", 0):
            return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, inner, name)
    return None


def shorten(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, signature: str | None, back: str | None
) -> Any:
    """Print the defaults that a dataclass makes anew each time as dots; the docstring says what they are."""
    return None if signature is None else (signature.replace("<factory>", "..."), back)


def setup(app: Sphinx) -> None:
    """Register the hooks."""
    app.connect("builder-inited", bring_tables)
    app.connect("builder-inited", bring_pages)
    app.connect("source-read", find_tables)
    app.connect("missing-reference", find_public)
    app.connect("autodoc-process-signature", shorten)
