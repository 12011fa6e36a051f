"""What detection and instance segmentation share."""
