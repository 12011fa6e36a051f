"""Tables that list images, one a row: their text, their columns, and where the images are."""
