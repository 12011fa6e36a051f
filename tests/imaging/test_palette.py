import numpy as np

from visionft.imaging import default_palette, paint


def cielab(colours_N3):
    """Return CIELAB of sRGB colours at white D65, written out: IEC 61966-2-1 and CIE 15."""
    encoded = np.array(colours_N3) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear @ to_xyz.T / [0.9505, 1.0, 1.089]
    bent = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = bent.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


def test_colours_are_far_apart_and_stay_when_classes_are_added():
    palette = default_palette([str(i) for i in range(24)])
    assert default_palette([str(i) for i in range(5)]) == palette[:5]
    lab = cielab([*palette, (0, 0, 0), (255, 255, 255)])
    distances = np.linalg.norm(lab[:, None] - lab, axis=-1) + 1000 * np.eye(26)
    assert distances.min() > 25  # of 2.3 that a person just notices


def test_every_class_has_a_colour_of_its_own():
    assert len(set(default_palette([str(i) for i in range(255)]))) == 255


def test_background_is_black_and_changes_no_other_colour():
    names = ["Background", "crack", "dust"]
    palette = default_palette(names)
    assert palette[0] == (0, 0, 0)
    assert palette[1:] == default_palette(["intact", "crack", "dust"])[1:]
    assert (0, 0, 0) not in palette[1:]


def test_painting():
    image = np.full((6, 9, 3), 100, np.uint8)
    mask = np.zeros((6, 9), np.uint8)
    mask[:, 3:6], mask[:, 6:] = 1, 255
    painted = paint(image, mask, [(0, 0, 0), (200, 0, 50)])
    assert (painted[:, :3] == 100).all()  # black stays clear
    assert (painted[:, 6:] == 100).all()  # and so does what is no class
    assert (painted[:, [3, 5]] == [200, 0, 50]).all()  # boundaries are opaque
    assert (painted[:, 4] == [150, 50, 75]).all()
    assert (image == 100).all()


def test_boundaries_run_both_ways():
    mask = np.zeros((5, 5), np.uint8)
    mask[2:] = 1
    image = np.zeros((5, 5, 3), np.uint8)
    rows = paint(image, mask, [(200, 200, 200), (100, 0, 0)])[:, 0, 0]
    columns = paint(image, mask.T.copy(), [(200, 200, 200), (100, 0, 0)])[0, :, 0]
    assert rows.tolist() == columns.tolist() == [100, 200, 100, 50, 50]


def test_a_single_pixel():
    assert paint(np.zeros((1, 1, 3), np.uint8), np.zeros((1, 1), np.uint8), [(90, 90, 90)]).tolist() == [[[45] * 3]]
