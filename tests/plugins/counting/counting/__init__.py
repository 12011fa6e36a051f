"""Say how many objects an image shows: a task for visionft, in a package of its own."""
