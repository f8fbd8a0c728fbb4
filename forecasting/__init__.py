"""From reported facts about monthly counts to calibrated forecasts.

Public names are listed in ``__init__.pyi`` and load on first use, so that importing the package stays cheap.
"""

import lazy_loader

__version__ = "0.2.0"

_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> object:
    """Load a public name; of any other, say which one is near."""
    try:
        return _load(name)
    except AttributeError:
        if name in __all__ or name.startswith("_"):
            raise
        from difflib import get_close_matches

        close = get_close_matches(name, __all__, n=1)
        meant = f"; did you mean {close[0]}?" if close else ""
        raise AttributeError(f"forecasting has no name {name!r}{meant}") from None
