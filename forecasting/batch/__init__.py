"""Scheduled forecasts of many series: configuration, jobs, archive, scores and exports."""
