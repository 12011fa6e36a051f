"""Labelled images: formats that read them, checks of all of them, and splits; ``visionft.data.dataset`` joins them."""
