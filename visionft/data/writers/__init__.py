"""Data sets written in the formats of other tools."""
