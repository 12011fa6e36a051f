"""Instance segmentation: boxes with a class, a score and the pixels of each object."""
