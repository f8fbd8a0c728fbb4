"""Questions about windows of months: was it a surprise, and what comes next."""

from forecasting.scenarios.jump import jump
from forecasting.scenarios.outlook import Continue, Outlook, Persist, Revert, Shift, outlook
from forecasting.scenarios.report import JumpReport

__all__ = ["Continue", "JumpReport", "Outlook", "Persist", "Revert", "Shift", "jump", "outlook"]
