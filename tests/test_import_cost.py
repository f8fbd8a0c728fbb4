"""Importing the package is cheap: names load on first use, heavy libraries later still."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

MEASURE = """
import json, resource, sys
import forecasting
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"cpu": usage.ru_utime + usage.ru_stime, "modules": sorted(sys.modules)}))
"""
BUDGET = 0.3  # seconds of CPU, the interpreter's own start included
SLACK = 3  # slower machines
HEAVY = {"matplotlib", "statsmodels", "scipy.stats", "jinja2", "sqlalchemy", "pandas", "pydantic"}


def test_import_is_light() -> None:
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True)
    measured = json.loads(done.stdout)
    assert not HEAVY & set(measured["modules"])
    assert measured["cpu"] < BUDGET * SLACK


def test_a_name_that_is_near_is_told() -> None:
    import forecasting as fc

    with pytest.raises(AttributeError, match=r"no name 'DynamicLevels'; did you mean DynamicLevel\?"):
        fc.DynamicLevels  # noqa: B018
    with pytest.raises(AttributeError, match=r"no name 'zzzzzzzz'$"):
        fc.zzzzzzzz  # noqa: B018
    assert not hasattr(fc, "__wrapped__")
    assert fc.figures.__name__ == "forecasting.figures"
