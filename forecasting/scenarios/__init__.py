"""Questions about windows of months: was it a surprise, and what comes next."""

from forecasting.scenarios.assumptions import Continue, Persist, Revert, Shift
from forecasting.scenarios.change_points import changes
from forecasting.scenarios.changes_report import ChangesReport
from forecasting.scenarios.intervention_search import InterventionSearch, find_interventions
from forecasting.scenarios.interventions import InterventionTest, intervention_test
from forecasting.scenarios.jump import jump
from forecasting.scenarios.onset_report import OnsetReport
from forecasting.scenarios.onsets import onset
from forecasting.scenarios.outlook import Outlook, outlook
from forecasting.scenarios.report import JumpReport

__all__ = [
    "ChangesReport",
    "Continue",
    "InterventionSearch",
    "InterventionTest",
    "JumpReport",
    "OnsetReport",
    "Outlook",
    "Persist",
    "Revert",
    "Shift",
    "changes",
    "find_interventions",
    "intervention_test",
    "jump",
    "onset",
    "outlook",
]
