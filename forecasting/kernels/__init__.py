"""Plain arrays in, plain arrays out: count probabilities and sums of counts."""
