"""Scores, calibration and backtests of forecasts."""
