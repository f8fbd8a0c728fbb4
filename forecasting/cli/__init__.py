"""The command line: ``forecasting`` and ``python -m forecasting``.

Only ``click`` is imported up front, so that help is instant; a command imports what it needs when it runs.
"""

from __future__ import annotations

import click

from forecasting import __version__
from forecasting.cli.batch import batch
from forecasting.cli.changes import changes
from forecasting.cli.checklist import checklist
from forecasting.cli.facts import facts
from forecasting.cli.jump import jump
from forecasting.cli.models import fit, forecast, outlook
from forecasting.cli.onset import onset
from forecasting.cli.program import Program

__all__ = ["main"]


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="forecasting")
def main() -> None:
    """From reported facts about monthly counts to calibrated forecasts.

    Results go to standard output, progress to standard error.  Exit codes: 0 done, 1 part of the work failed,
    2 the request is wrong.
    """


for command in (facts, jump, onset, changes, checklist, fit, forecast, outlook, batch):
    main.add_command(command)
