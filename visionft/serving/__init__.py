"""A model behind HTTP: images in, the JSON of ``visionft predict --json`` out.

Only ``app`` and ``server`` import what the extra ``serve`` brings.
"""
