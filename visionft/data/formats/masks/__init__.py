"""Images and masks side by side."""
