"""COCO: one JSON file of boxes, polygons, run lengths or masks."""
