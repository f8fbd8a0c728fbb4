"""Formulas as MathML, which browsers draw themselves: no script, no network, and readable for screen readers."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

_LOGGER = logging.getLogger(__name__)
# What TeX reads otherwise than the converter, or the converter does not know, in words that both read alike.
_READABLE = {
    r"(\\[dt]?frac)\s*(\d)(\d)": r"\1{\2}{\3}",
    r"\\dots(?![a-zA-Z])": r"\\ldots ",
    r"\\gt(?![a-zA-Z])": "> ",
    r"\\lt(?![a-zA-Z])": "< ",
    r"\\Bigm(?![a-zA-Z])": r"\\Bigl",
    r"\\[lr]vert(?![a-zA-Z])": "|",
}
# Spaces that TeX sets and browsers do not, or the other way round, and a bar as long as what is below it.
_SPACED = {
    r"(</m(?:i|n|sub|sup|subsup|frac)>\s*)(?=<mi>\w+</mi>\s*<mo>&ApplyFunction;)": r'\1<mspace width="0.17em"/>',
    r'<mo accent="true">_</mo>': '<mo stretchy="true">\u203e</mo>',
    r'<mo stretchy="false">\|</mo>': '<mo stretchy="false" lspace="0" rspace="0">|</mo>',
    r"<mo>&ApplyFunction;</mo>(?=\s*<m(?!o))": '<mspace width="0.17em"/>',
}


def readable(tex: str) -> str:
    """Return a formula as the converter understands it."""
    return _replaced(tex, _READABLE)


def _mathml(node: nodes.math | nodes.math_block, *, as_block: bool) -> str:
    """Return the formula of a node; one that cannot be converted is a warning, and stands as it was written."""
    try:
        return _replaced(tex2mathml(readable(node.astext()), as_block=as_block), _SPACED)
    except MathError as error:
        _LOGGER.warning("formula %r: %s", node.astext(), error, location=node)
        return f"<code>{escape(node.astext())}</code>"


def _replaced(text: str, table: dict[str, str]) -> str:
    for pattern, words in table.items():
        text = re.sub(pattern, words, text)
    return text


def _inline(self: Any, node: nodes.math) -> None:
    self.body.append(_mathml(node, as_block=False))
    raise nodes.SkipNode


def _block(self: Any, node: nodes.math_block) -> None:
    self.body.append(self.starttag(node, "div", CLASS="math") + _mathml(node, as_block=True) + "</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
