"""A data format, a runtime's writer and engine, and a tracker; each module loads what it needs alone."""
