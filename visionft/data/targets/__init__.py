"""What is to be learned from an image, a class and a file each; ``base`` says what the rest of the house asks of it."""
