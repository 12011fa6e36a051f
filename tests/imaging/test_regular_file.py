import os

import pytest

from visionft.errors import ImageError
from visionft.imaging import decode
from visionft.imaging.regular_file import read_regular_file


def test_files_and_links_to_them_are_read(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert read_regular_file(tmp_path / "a") == read_regular_file(tmp_path / "b") == b"x"


def test_pipes_and_devices_are_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")  # opening it would wait for ever
    (tmp_path / "endless.png").symlink_to("/dev/zero")
    for name in ("pipe.jpg", "endless.png"):
        with pytest.raises(OSError, match="a pipe, a socket or a device"):
            read_regular_file(tmp_path / name)
    with pytest.raises(ImageError, match="a pipe, a socket or a device"):
        decode(tmp_path / "pipe.jpg")


def test_folders_and_missing_files_tell_what_they_are(tmp_path):
    with pytest.raises(IsADirectoryError):
        read_regular_file(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_regular_file(tmp_path / "absent")
