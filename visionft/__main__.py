"""``python -m visionft``."""

from visionft.cli import main

main()
