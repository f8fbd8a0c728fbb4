"""Execute notebooks in place: ``python notebooks/execute.py notebooks/*.ipynb``.

Each runs in a fresh kernel of this interpreter, at the top of the checkout, with warnings as errors.  What would differ
from run to run or from machine to machine (times, versions, paths) is not kept.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
_SECONDS = 300
_KERNEL = [
    "--IPKernelApp.exec_lines=import warnings; warnings.simplefilter('error')",
    "--IPKernelApp.exec_lines=warnings.filterwarnings('ignore', module='ipykernel')",
    "--IPKernelApp.log_level=ERROR",
]
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def executed(path: Path) -> NotebookNode:
    """Return the notebook with the outputs of a fresh run.

    Parameters
    ----------
    path : Path
        A notebook; it is read, not written.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell raises, or warns.
    """
    notebook = nbformat.read(path, as_version=4)
    this_interpreter = KernelSpecManager(kernel_dirs=[])  # no installed kernel of the same name
    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_spec_manager=this_interpreter),
        extra_arguments=_KERNEL,
        timeout=_SECONDS,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(ROOT)}},
    )
    client.execute(cleanup_kc=True)  # it is ours to stop, not the client's
    notebook.metadata = nbformat.from_dict(_METADATA)
    return notebook


def main(paths: list[str]) -> None:
    """Execute each notebook and write it back."""
    for path in map(Path, paths):
        nbformat.write(executed(path), path)


if __name__ == "__main__":
    main(sys.argv[1:])
