import json

import pytest

from visionft.errors import CheckpointError
from visionft.spec import InputSpec, ModelSpec

SPEC = ModelSpec(
    "segmentation",
    ("road", "été"),
    InputSpec(32, 48, fit="tile", overlap=0.5, mean=(0.1, 0.2, 0.3)),
    {"recipe": "abc"},
    ((1, 2, 3), (255, 0, 0)),
)


def test_a_spec_survives_the_journey():
    assert ModelSpec.from_json(SPEC.to_json()) == SPEC


def test_files_of_before_there_were_masks_or_crowds_are_read():
    older = json.loads(SPEC.to_json())
    del older["palette"], older["input"]["overlap"], older["max_detections"]
    read = ModelSpec.from_json(json.dumps(older))
    assert (read.palette, read.input.overlap, read.class_names) == ((), 0.25, SPEC.class_names)
    assert read.max_detections == 100


@pytest.mark.parametrize("palette", [[[1, 2]], [3], "red"])
def test_a_palette_that_is_none_is_refused(palette):
    with pytest.raises(CheckpointError, match="not readable"):
        ModelSpec.from_json(json.dumps(json.loads(SPEC.to_json()) | {"palette": palette}))
