"""What is wrong with a data set, or spoils what is learned from it."""
