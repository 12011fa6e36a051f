import cv2
import numpy as np
import pytest


@pytest.fixture
def image(tmp_path):
    """A grey image of 800 x 600 pixels."""
    path = tmp_path / "image.png"
    cv2.imwrite(str(path), np.full((600, 800, 3), 90, np.uint8))
    return path
