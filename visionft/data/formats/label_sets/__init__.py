"""Several labels for each image: in the cells or columns of a table, in a file beside the images, or of boxes."""
