"""Layers that torch runs slowly, done faster."""
