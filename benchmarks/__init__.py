"""Speed and coverage, measured.

CPU times are those of one thread: the setting comes before numpy is first imported.
"""

import os

for _pool in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_pool] = "1"
