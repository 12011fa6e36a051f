"""Multi-class classification: one class for each image."""
