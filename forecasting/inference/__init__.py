"""Modes, posterior draws and evidence of log densities, whatever the model."""
