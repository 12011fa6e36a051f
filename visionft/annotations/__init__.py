"""What is true of an image's pixels and objects, and how it moves with them; nothing here needs torch."""
