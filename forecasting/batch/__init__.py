"""Scheduled forecasts of many series: configuration, jobs, archive, scores and exports.

Public names are listed in ``__init__.pyi`` and load on first use, so that the commands start quickly.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
