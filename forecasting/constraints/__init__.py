"""What is known about consecutive months of counts, as linear constraints on non-negative integers.

A month is exact, bounded or unknown; months are tied together by totals, orderings and ratios.
`Constraints.solve` turns such rows into the tight range of every month and the smallest system that has to be
respected inside those ranges.
"""

from forecasting.constraints.linear import Infeasible, Linear
from forecasting.constraints.system import Constraints, Observed, feasible, told_months

__all__ = ["Constraints", "Infeasible", "Linear", "Observed", "feasible", "told_months"]
