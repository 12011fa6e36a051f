"""YOLO: a text file of boxes or polygons for each image."""
