"""Batches for training and evaluation: images decoded, put on canvases and augmented, wherever they lie."""
