"""Tables of numbers: what stands in their cells, which columns are values, and the format."""
