"""Shapes that people draw on images with labelme or CVAT, read as boxes, polygons, masks or labels."""
