"""Notebooks as pages of the site: text, code and the outputs that are stored in them, nothing is run."""

from __future__ import annotations

import base64
from pathlib import Path

import nbformat
from nbformat import NotebookNode

_KINDS = ("image/svg+xml", "image/png", "text/html", "text/plain")  # the best of what an output offers, first


def write_notebook(path: Path, home: Path) -> None:
    """Write the page of a notebook, and its pictures, into a folder."""
    notebook = nbformat.read(path, as_version=4)
    parts = []
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            parts.append(cell.source.replace(".ipynb)", ".md)"))  # links to other notebooks
        elif cell.cell_type == "code" and cell.source.strip():
            parts.append(f"```python\n{cell.source}\n```")
            outputs = (_output(output, home, f"{path.stem}-{number}-{k}") for k, output in enumerate(cell.outputs))
            parts += [text for text in outputs if text]
    (home / f"{path.stem}.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _output(output: NotebookNode, home: Path, name: str) -> str:
    if output.output_type == "stream":
        return _plain(output.text)
    data = output.get("data", {})
    kind = next((kind for kind in _KINDS if kind in data), None)
    if kind is None:
        return ""
    content = data[kind]
    if kind == "text/plain":
        return _plain(content)
    if kind == "text/html":
        return f'```{{raw}} html\n<div class="notebook-output">{content}</div>\n```'
    ending = "svg" if kind.endswith("xml") else "png"
    picture = content.encode() if ending == "svg" else base64.b64decode(content)
    (home / f"{name}.{ending}").write_bytes(picture)
    return f"![output of the cell above]({name}.{ending})"


def _plain(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```" if text.strip() else ""
