"""From content to HTML: everything that came from data is escaped, and the page itself forbids whatever else could run.

The content security policy names the one style sheet and the one script of a page by their digests.  Nothing is loaded
from anywhere, so the pages work from a file address and without a network.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import blake2b, sha256
from importlib import resources
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from forecasting.batch.site.charts import HEIGHT, WIDTH
from forecasting.display import templates

_MOST = 1000
"""Rows of a table of the monitoring page."""


_PARTS = {"grid": "grid", "median": "median", "line": "line", "dot": "dot", "outside": "dot outside"}
_ON_PAGE = {
    **{"svg": "", "text": ""},
    **{part: f' class="{name}"' for part, name in _PARTS.items()},
    **{f"band{k}": f' class="band{k}"' for k in range(3)},
}
"""Attributes of the parts of a chart where the style sheet says what they look like."""

_ALONE = {
    "svg": ' xmlns="http://www.w3.org/2000/svg" width="560" font-family="system-ui, sans-serif" font-size="9.5"',
    "text": ' fill="#5c6168"',
    "grid": ' stroke="#d5d9de" stroke-width=".6"',
    "median": ' stroke="#0072b2" stroke-width="1.6" fill="none"',
    "line": ' stroke="#1a1a1a" stroke-width="1.2" fill="none" stroke-linejoin="round" stroke-linecap="round"',
    "dot": ' fill="#1a1a1a"',
    "outside": ' fill="#b84a00"',
    **{f"band{k}": f' fill="{colour}"' for k, colour in enumerate(("#d6e6f1", "#a9cde4", "#79b2d5"))},
}
"""The same where there is none: the light colours of the style sheet."""


def file_name(series: str) -> str:
    """Return the name of the page of a series, without its ending: no part of the name is in it.

    Examples
    --------
    >>> file_name("../../etc/passwd")
    'b8860ee917d4e3d10f7c'
    """
    return blake2b(series.encode("utf-8"), digest_size=10).hexdigest()


def render(template: str, **content: Any) -> str:
    """Return a page."""
    return _environment().get_template(template).render(**content)


@cache
def _environment() -> Environment:
    environment = templates("forecasting.batch.site")
    home = resources.files("forecasting.batch.site") / "templates"
    style, script = ((home / name).read_text(encoding="utf-8") for name in ("style.css", "index.js"))
    policy = "; ".join(
        [
            "default-src 'none'",
            f"style-src '{_digest(style)}'",
            f"script-src '{_digest(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    looks = {"on_page": _ON_PAGE, "alone": _ALONE}
    environment.globals |= {
        # our own files, which are to be written as they are
        **{"style": Markup(style), "script": Markup(script)},
        **{name: {part: Markup(text) for part, text in look.items()} for name, look in looks.items()},
        **{"policy": policy, "width": int(WIDTH), "height": int(HEIGHT), "most": _MOST},
    }
    environment.filters |= {"chance": _chance, "brief": _brief}
    return environment


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _chance(p: float) -> str:
    if p <= 1e-12:  # what archived distributions resolve
        return "less than one in 1e12"
    return f"{p:.2%}" if p >= 1e-4 else f"one in {_brief(1.0 / p)}"


def _brief(value: float) -> str:
    if value < 1e6:
        return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"
    return f"{value:.0e}".replace("e+0", "e").replace("e+", "e")
