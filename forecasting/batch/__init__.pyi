from .archive import Archive
from .config import load_config
from .monitoring import Monitor, monitor
from .runner import run_batch
from .scoring import score_archive
from .site.picture import series_picture

__all__ = [
    "Archive",
    "Monitor",
    "load_config",
    "monitor",
    "run_batch",
    "score_archive",
    "series_picture",
]
