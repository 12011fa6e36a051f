"""What is measured and decided before training: where images are augmented, and how long a run will take."""
