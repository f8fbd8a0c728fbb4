"""From reported facts about monthly counts to calibrated forecasts.

Public names are listed in ``__init__.pyi`` and load on first use, so that importing the package stays cheap.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
