"""Plain arrays in, plain arrays out: count probabilities and sums of counts."""

from forecasting.kernels.memory import keep_freed_memory

keep_freed_memory()
