import json
from dataclasses import replace

import pytest

from visionft.errors import CheckpointError
from visionft.spec import FULL_SCALE, InputSpec, ModelSpec, Reading

SPEC = ModelSpec(
    "segmentation",
    ("road", "été"),
    InputSpec(32, 48, fit="tile", overlap=0.5, mean=(0.1, 0.2, 0.3)),
    {"recipe": "abc"},
    ((1, 2, 3), (255, 0, 0)),
)
DEEP = replace(SPEC, input=replace(SPEC.input, reading=Reading((0.0, 4095.0), "ignore")))


def test_a_spec_survives_the_journey():
    assert ModelSpec.from_json(SPEC.to_json()) == SPEC
    assert ModelSpec.from_json(DEEP.to_json()) == DEEP


def test_files_of_before_there_were_masks_or_crowds_are_read():
    older = json.loads(SPEC.to_json())
    del older["palette"], older["input"]["overlap"], older["input"]["reading"], older["max_detections"]
    read = ModelSpec.from_json(json.dumps(older))
    assert (read.palette, read.input.overlap, read.class_names) == ((), 0.25, SPEC.class_names)
    assert (read.input.reading, read.max_detections) == (FULL_SCALE, 100)


@pytest.mark.parametrize("palette", [[[1, 2]], [3], "red"])
def test_a_palette_that_is_none_is_refused(palette):
    with pytest.raises(CheckpointError, match="not readable"):
        ModelSpec.from_json(json.dumps(json.loads(SPEC.to_json()) | {"palette": palette}))
