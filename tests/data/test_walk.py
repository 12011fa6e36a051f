import os

from tests.data.folders import write_image
from visionft.data.walk import images_below, look_into


def told(problems):
    return "\n".join(map(str, problems))


def test_thumbnails_and_hidden_images_are_ignored_and_counted(tmp_path):
    junk = ["a/@eaDir/1.png/SYNO.png", ".thumbnails/1.png", "a/._1.png", "a/.ipynb_checkpoints/1.png"]
    for name in ("a/1.png", "b/1.png", *junk):
        write_image(tmp_path / name, 0)
    (tmp_path / "a/Thumbs.db").write_text("x")
    problems = []
    images, others = images_below(tmp_path, problems)
    assert sorted(images) == [tmp_path / "a/1.png", tmp_path / "b/1.png"]
    assert not others
    assert len(problems) == 1
    assert "4 are hidden" in told(problems)


def test_pipes_sockets_and_devices_are_told_and_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "device.png").symlink_to("/dev/null")
    (tmp_path / "broken.png").symlink_to(tmp_path / "absent")
    (tmp_path / "circle.png").symlink_to(tmp_path / "circle.png")
    problems = []
    contents = look_into(tmp_path, problems)
    assert [path.name for path in contents.images] == ["broken.png", "circle.png"]  # told when they are opened
    assert "2 pipes, sockets or devices" in told(problems)


def test_each_file_is_looked_at_once(tmp_path, monkeypatch):
    for number in range(20):
        (tmp_path / f"{number}.png").write_bytes(b"x")
    looks = []
    stat = os.stat
    monkeypatch.setattr(os, "stat", lambda path, *args, **kwargs: looks.append(path) or stat(path, *args, **kwargs))
    assert len(images_below(tmp_path, [])[0]) == 20
    assert not [path for path in looks if str(path).endswith(".png")]
