"""Files of other tools, which are not read: what they are, and how to get in."""

import re
from collections.abc import Callable
from pathlib import Path

from visionft.data.walk import images_below
from visionft.errors import DataError

_LOOKED_AT = 5  # JSON files of a folder
_BEGINNING = 200_000  # bytes of each

_DATUM = (
    "datumaro (pip install 'datumaro[cli]') converts it: datum convert -i {path} -if {format} -f coco -o out -- "
    "--save-media; then give the folder out"
)

_ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar", ".zst")
_ARRAYS = (".mat", ".npy", ".npz", ".h5")
_BY_ENDING = {
    **dict.fromkeys(_ARCHIVES, "an archive; unpack it and give the folder"),
    ".parquet": "a Parquet file, whose images are inside; write them as files, with a CSV of path,label beside them",
    ".arrow": "an Arrow file, whose images are inside; write them as files, with a CSV of path,label beside them",
    **dict.fromkeys(
        (".tfrecord", ".tfrecords", ".record"),
        "a file of TensorFlow records; write its images as files, with a CSV of path,label, or of path,xmin,ymin,xmax,"
        "ymax,class for boxes, beside them",
    ),
    **dict.fromkeys(
        (".h5", ".hdf5", ".npz", ".npy", ".mat", ".pkl", ".pickle", ".pt"),
        "a file of arrays; load it and hand the arrays over in Python: vft.Dataset.from_arrays(images, labels)",
    ),
    **dict.fromkeys((".xlsx", ".xls", ".ods"), "a workbook; save the table as CSV UTF-8"),
    ".ndjson": "Labelbox's or another tool's lines of JSON; export COCO from the tool, or write a CSV of path,label",
    ".jsonl": "lines of JSON; write a CSV of path,label, or export COCO from the tool that wrote it",
    ".manifest": "a manifest of SageMaker Ground Truth, lines of JSON; write a CSV of path,label, or COCO JSON",
}

_COCO = re.compile(r'"images"\s*:\s*\[')
_COCO_OF = "export it there as {choice}, and give the folder that comes out"

_BY_CONTENT: tuple[tuple[Callable[[str], object], str], ...] = (
    (
        re.compile(r'"annotations"\s*:\s*\[\s*\{[^][]*"coordinates"\s*:\s*\{|"imagefilename"\s*:').search,
        "CreateML's JSON; most tools that write it write COCO or Pascal VOC as well: "
        + _COCO_OF.format(choice="'COCO JSON'"),
    ),
    (
        re.compile(r'"_via_settings"|"region_shape_attributes"|"shape_attributes"\s*:\s*\{').search,
        "the JSON of VIA (VGG Image Annotator); open it there and choose Annotation > Export Annotations (COCO format)",
    ),
    (
        re.compile(
            r'"(from_name|rectanglelabels|polygonlabels|brushlabels|original_width)"\s*:|"annotator"\s*:\s*\d'
        ).search,
        "Label Studio's own JSON; "
        + _COCO_OF.format(choice="'COCO with Images' or 'YOLO with Images' (of classes of whole images 'CSV')"),
    ),
    (
        re.compile(
            r'"(classTitle|classId)"\s*:|"tagMetas?"\s*:|"shape"\s*:\s*"(rectangle|polygon|bitmap)"|"size"\s*:\s*\{\s*"(height|width)"[^{}]*\}\s*,\s*"objects"'
        ).search,
        "Supervisely's JSON; run its app 'Export to COCO', and give the folder that comes out",
    ),
    (
        re.compile(r'^\s*\[\s*\{(?=[^{}]*"score"\s*:)(?=[^{}]*"image_id"\s*:)').search,
        "what a detector found (COCO's results), without images and classes; give the COCO file of the annotations",
    ),
    (
        re.compile(r'"imgHeight"\s*:').search,
        "Cityscapes' polygons; its scripts draw masks of them (pip install cityscapesscripts, then "
        "CITYSCAPES_DATASET=FOLDER csCreateTrainIdLabelImgs), which are found beside the JSON files",
    ),
    (
        re.compile(r'"objects"\s*:\s*\[\s*\{[^][]*"polygon"\s*:\s*\[').search,
        "polygons of Mapillary Vistas or a like set; give the folder of its images and its masks (labels/)",
    ),
    (
        re.compile(r'"data_row"\s*:|"DataRow ID"\s*:').search,
        "Labelbox's JSON; convert it to COCO JSON with Labelbox's tools, and give the folder of that and the images",
    ),
    (
        re.compile(r'"asset"\s*:\s*\{[^{}]*"format"|"visitedAssets"').search,
        "VoTT's JSON; choose CSV or Pascal VOC among its export settings",
    ),
    (
        re.compile(r'"dm_format_version"|"media_type"\s*:\s*\d|"items"\s*:\s*\[\s*\{[^][]*"annotations"').search,
        "datumaro's own JSON; " + _DATUM.format(path="FOLDER", format="datumaro") + ", where FOLDER holds annotations/",
    ),
)


def other_tool(path: Path) -> str | None:
    """Return what a file, or what lies in a folder, seems to be and how to get in; None where nothing is recognised.

    Args:
        path: a file; or a folder, of which files are looked at that are no images.
    """
    if path.is_file():
        return _of_file(path)
    images, others = images_below(path, [])
    files = sorted(file for file in others if not file.name.startswith("."))
    texts = [file for file in files if file.suffix.lower() == ".json"][:_LOOKED_AT]
    for file in texts:
        if (what := _of_json(file)) is not None:
            return f"holds {file.relative_to(path)}, which looks like {what}"
    stems = {image.stem for image in images}
    arrays = [file for file in files if file.suffix.lower() in _ARRAYS and file.stem in stems]
    if arrays and 2 * len(arrays) >= len(images):
        return (
            f"holds {len(arrays)} files of arrays that are called like images, such as {arrays[0].relative_to(path)}; "
            "write each as a PNG of class numbers, of the same name, into masks/ beside the images in images/"
        )
    for file in files:
        if file.name == "seqinfo.ini":
            video = _DATUM.format(path=f"'{file.parent}'", format="mot_seq")
            return f"holds {file.relative_to(path)}, as the videos of MOT Challenge do, one at a time; {video}"
    packed = [file for file in files if file.suffix.lower() in _BY_ENDING]
    if packed and not images:
        return f"holds no images, but {packed[0].relative_to(path)}, which is {_BY_ENDING[packed[0].suffix.lower()]}"
    return None


def require_known_tool(path: Path) -> None:
    """Check that a path holds nothing that is known to be another tool's.

    Raises:
        DataError: with what it is, and what to do.
    """
    if (what := other_tool(path)) is not None:
        raise DataError(f"{path}: {what}")


def _of_file(file: Path) -> str | None:
    ending = file.suffix.lower()
    if ending in _BY_ENDING:
        return f"is {_BY_ENDING[ending]}"
    what = _of_json(file) if ending == ".json" else None
    return None if what is None else f"looks like {what}"


def _of_json(file: Path) -> str | None:
    try:
        with file.open("rb") as opened:
            text = opened.read(_BEGINNING).decode("utf-8", "replace")
    except OSError:
        return None
    if _COCO.search(text):
        return None
    return next((what for search, what in _BY_CONTENT if search(text)), None)
