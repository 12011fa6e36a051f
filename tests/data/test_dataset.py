import cv2
import numpy as np
import pytest

from tests.data.folders import make_folder, write_image
from visionft.data.dataset import load_dataset
from visionft.data.formats import FORMATS
from visionft.data.formats.detect import detect_format
from visionft.data.listing import LabelOptions
from visionft.data.splits import SPLITS
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.label import Label
from visionft.data.targets.label_set import LabelSet
from visionft.data.targets.mask import Mask
from visionft.data.targets.polygons import Polygons
from visionft.data.targets.values import Values
from visionft.errors import DataError, UnknownName
from visionft.imaging.header import KINDS


def told(dataset):
    return [str(problem) for problem in dataset.problems]


def test_a_folder_becomes_samples_in_order_of_id(tmp_path):
    dataset = load_dataset(make_folder(tmp_path, {"b": 30, "a": 30}))
    assert dataset.class_names == ("a", "b")
    assert [sample.id for sample in dataset.samples] == sorted(sample.id for sample in dataset.samples)
    assert all(dataset.class_names[sample.target.index] == sample.id[0] for sample in dataset.samples)
    assert all(sample.image.is_file() for sample in dataset.samples)
    assert sum(len(dataset.split(split)) for split in SPLITS) == 60
    assert dataset.problems == ()
    assert load_dataset(tmp_path) == dataset


def test_bad_files_are_left_out_and_told(tmp_path):
    make_folder(tmp_path, {"a": 10, "b": 10})
    (tmp_path / "a/broken.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (tmp_path / "a/empty.png").write_bytes(b"")
    (tmp_path / "b/text.png").write_text("hello")
    whole = write_image(tmp_path / "b/cut.png", 77).read_bytes()
    (tmp_path / "b/cut.png").write_bytes(whole[:-20])
    (tmp_path / "b/dangling.png").symlink_to(tmp_path / "nowhere.png")
    dataset = load_dataset(tmp_path)
    assert len(dataset.samples) == 20
    assert [line for line in told(dataset) if ".jpg" in line or ".png" in line] == [
        "a/broken.jpg: the header is cut off or damaged; left out",
        "a/empty.png: the file is empty; left out",
        "b/cut.png: the PNG file is cut off: it has no end chunk; left out",
        "b/dangling.png: cannot be read (No such file or directory); left out",
        f"b/text.png: not a {KINDS} image; left out",
    ]
    with pytest.raises(DataError, match="5 bad images") as caught:
        load_dataset(tmp_path, strict=True)
    assert len(str(caught.value).splitlines()) == 6


def test_progress_counts_every_file(tmp_path):
    seen = []
    make_folder(tmp_path, {"a": 3, "b": 2})
    (tmp_path / "a/bad.png").write_bytes(b"")
    load_dataset(tmp_path, on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 6) for done in range(1, 7)]


def test_the_order_of_classes_may_be_asked_for(tmp_path):
    make_folder(tmp_path, {"a": 9, "b": 9})
    dataset = load_dataset(tmp_path, classes=["b", "unseen", "a"])
    assert dataset.class_names == ("b", "unseen", "a")
    assert {sample.target.index for sample in dataset.samples if sample.id.startswith("a")} == {2}
    assert "unseen: the class has no usable image" in told(dataset)
    with pytest.raises(DataError, match=r"'b' of the data are not in the list of classes .a, c."):
        load_dataset(tmp_path, classes=["a", "c"])


def test_a_class_whose_every_file_is_bad_is_left_out(tmp_path):
    make_folder(tmp_path, {"a": 9, "b": 9})
    (tmp_path / "c").mkdir()
    (tmp_path / "c/1.png").write_bytes(b"")
    dataset = load_dataset(tmp_path)
    assert dataset.class_names == ("a", "b")
    assert "c: none of the class's images opens; the class is left out" in told(dataset)


def test_no_images_at_all(tmp_path):
    with pytest.raises(DataError, match=r"no images found; files of JPEG, .*\n.*a: the class folder holds no images"):
        load_dataset(make_folder(tmp_path, {"a": 0}))
    (tmp_path / "a/1.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"none of the 1 images opens\na/1.png: the file is empty"):
        load_dataset(tmp_path)


def test_one_class_is_fatal(tmp_path):
    dataset = load_dataset(make_folder(tmp_path, {"a": 9}))
    assert [str(problem) for problem in dataset.problems if problem.fatal] == [
        "classes: at least two are needed, found a"
    ]


def test_no_training_images_are_fatal(tmp_path):
    (tmp_path / "images.csv").write_text("path,label,split\na/0.png,a,val\nb/0.png,b,test\n")
    make_folder(tmp_path, {"a": 1, "b": 1})
    fatal = [problem for problem in load_dataset(tmp_path / "images.csv").problems if problem.fatal]
    assert [problem.where for problem in fatal] == ["train"]


def test_small_and_missing_classes_are_told(tmp_path):
    make_folder(tmp_path, {"train/a": 5, "train/b": 5, "val/a": 2, "train/c": 1, "test/d": 3})
    lines = told(load_dataset(tmp_path))
    assert "c: the class has one image, which can be learned or tested but not both" in lines
    assert "train: no image of d; they cannot be learned" in lines
    assert "val: no image of b, c, d; its numbers say nothing about them" in lines


def test_an_empty_validation_split_is_told(tmp_path):
    lines = told(load_dataset(make_folder(tmp_path, {"a": 2, "b": 2}), val_fraction=0.0, test_fraction=0.0))
    assert lines == [
        "val: the split has no images, so nothing tells which epoch is best; give more images, set a larger "
        "data.val_fraction, or put images into a val split"
    ]


def test_names_that_differ_only_in_case_are_told(tmp_path):
    lines = told(load_dataset(make_folder(tmp_path, {"Cat": 30, "cat": 30})))
    assert lines == ["classes: 'Cat', 'cat' differ only in case or spelling of the same letters"]


def test_copies_across_splits_and_labels_are_told(tmp_path):
    make_folder(tmp_path, {"train/a": 3, "train/b": 3})
    write_image(tmp_path / "train/a/x.png", 500)
    write_image(tmp_path / "val/a/y.png", 500)
    write_image(tmp_path / "val/b/z.png", 500)
    lines = told(load_dataset(tmp_path))
    assert [line for line in lines if "same bytes" in line] == [
        "val/a/y.png: the same bytes as train/a/x.png, but in val and train: the numbers flatter",
        "val/b/z.png: the same bytes as val/a/y.png, but labelled 'b' and 'a'",
    ]


def test_copies_never_straddle_an_automatic_split(tmp_path):
    for number in range(60):
        write_image(tmp_path / f"a/{number}.png", number // 3)
        write_image(tmp_path / f"b/{number}.png", 1000 + number // 3)
    dataset = load_dataset(tmp_path, val_fraction=0.4, test_fraction=0.3)
    assert not [line for line in told(dataset) if "same bytes" in line]
    assert all(dataset.split(split) for split in SPLITS)


def test_missing_files_of_a_manifest_are_told_by_name(tmp_path):
    make_folder(tmp_path, {"a": 5, "b": 5})
    lines = [f"{folder}/{number}.png,{folder}" for folder in "ab" for number in range(5)]
    (tmp_path / "list.csv").write_text("\n".join(["path,label", *lines, "gone.png,a"]))
    dataset = load_dataset(tmp_path / "list.csv")
    assert len(dataset.samples) == 10
    assert "gone.png: cannot be read (No such file or directory); left out" in told(dataset)


def test_formats_are_detected_by_the_path(tmp_path):
    assert detect_format(tmp_path) == "folder"
    for name, kind in (("a.csv", "manifest"), ("a.TSV", "manifest"), ("a.json", "coco_masks")):
        (tmp_path / name).touch()
        assert detect_format(tmp_path / name) == kind
    (tmp_path / "a.xml").touch()
    with pytest.raises(DataError, match=r"not a folder of images per class, of .*images and boxes, not a .csv"):
        detect_format(tmp_path / "a.xml")
    with pytest.raises(DataError, match="no such file or folder"):
        detect_format(tmp_path / "absent")
    with pytest.raises(DataError, match=rf"a.png: is an image, .* the folder that holds the data, such as {tmp_path}$"):
        detect_format(write_image(tmp_path / "a.png", 1))


def test_a_path_or_a_format_is_needed():
    with pytest.raises(DataError, match="no path to the images"):
        load_dataset(None)
    with pytest.raises(UnknownName, match="close: folder"):
        load_dataset(None, format="folders")


def test_every_format_carries_its_name():
    formats = {
        Label: ["cvat_classes", "elpv", "folder", "labelme_classes", "manifest"],
        LabelSet: [
            *("coco_labels", "cvat_labels", "label_file", "label_table", "labelme_labels", "voc_labels", "yolo_labels"),
        ],
        Mask: ["coco_masks", "cvat_masks", "labelme_masks", "masks"],
        Boxes: ["box_table", "coco", "cvat", "labelme", "voc", "yolo"],
        Polygons: ["coco_instances", "cvat_polygons", "labelme_polygons", "yolo_outlines"],
        Values: ["elpv_probability", "values"],
    }
    assert sorted(FORMATS) == sorted(name for names in formats.values() for name in names)
    for target, names in formats.items():
        for name in names:
            assert FORMATS[name].kind == name
            assert FORMATS[name].target is target


def test_masks_are_not_asked_for_in_vain(tmp_path):
    make_folder(tmp_path, {"a": 9, "b": 9})
    for options in (LabelOptions(ignore=(0,)), LabelOptions(images="{name}.jpg")):
        with pytest.raises(DataError, match="the format 'folder' has no masks"):
            load_dataset(tmp_path, format="folder", options=options)
    assert load_dataset(tmp_path, options=LabelOptions(("b", "a"))).class_names == ("b", "a")


def test_images_that_look_alike_across_splits_are_told_once(tmp_path):
    make_folder(tmp_path, {"train/a": 3, "train/b": 3, "val/a": 2, "val/b": 2})
    for number in range(4):
        coarse = np.random.default_rng(number).integers(0, 255, (6, 8, 3), dtype=np.uint8)
        smooth = cv2.resize(coarse, (64, 48), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(tmp_path / f"train/a/x{number}.png"), smooth)
        cv2.imwrite(str(tmp_path / f"val/a/y{number}.jpg"), smooth)
    assert told(load_dataset(tmp_path)) == [
        "val: 4 images of val look almost like images of train: the numbers flatter; val/a/y0.jpg ~ train/a/x0.png, "
        "val/a/y1.jpg ~ train/a/x1.png, val/a/y2.jpg ~ train/a/x2.png and 1 more"
    ]


def test_loading_leaves_numpys_global_generator_alone(tmp_path):
    make_folder(tmp_path, {"a": 5, "b": 5})
    before = np.random.get_state()[1].copy()  # noqa: NPY002  # the global generator is what is looked at
    load_dataset(tmp_path)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


def luck(dataset):
    return [line for line in told(dataset) if "mostly luck" in line]


def test_numbers_of_a_few_images_are_told_to_be_luck(tmp_path):
    make_folder(tmp_path, {"train/a": 9, "train/b": 9, "val/a": 1, "test/a": 2, "test/b": 2})
    assert luck(load_dataset(tmp_path)) == ["val and test: 1 and 4 images; their numbers are mostly luck; give more"]
    write_image(tmp_path / "test/a/more.png", 99)
    assert luck(load_dataset(tmp_path)) == ["val: 1 image; its numbers are mostly luck; give more"]
    for number in range(4):
        write_image(tmp_path / f"val/b/{number}.png", 200 + number)
    assert luck(load_dataset(tmp_path)) == []


def test_fractions_are_advised_where_they_cut(tmp_path):
    make_folder(tmp_path / "none", {"a": 9, "b": 9})
    assert luck(load_dataset(tmp_path / "none"))[0].endswith(
        "give more, or set data.val_fraction and data.test_fraction"
    )
    make_folder(tmp_path / "test", {"train/a": 9, "train/b": 9, "test/a": 2, "test/b": 2})
    assert luck(load_dataset(tmp_path / "test"))[0].endswith("give more, or set data.val_fraction")
