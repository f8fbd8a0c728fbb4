"""Keep freed memory for the next array instead of handing it back to the system."""

from __future__ import annotations

import numpy as np

_LARGEST = 4_000_000  # numbers: just below the 32 MiB from which on glibc learns nothing more


def keep_freed_memory() -> None:
    """Let the C library of Linux keep up to 64 MiB of freed memory.

    Arrays of draws by months are half a megabyte or so.  At first glibc maps each of them anew, page by page, and unmaps it
    when it is freed, which takes longer than the arithmetic between.  Its limits grow once a larger array has been freed
    (mallopt(3), M_MMAP_THRESHOLD), and one that nobody has written to costs nothing.  Elsewhere this has no effect.
    """
    np.empty(_LARGEST)
