"""What every runtime promises, its writer and the engine that opens what it wrote: our own and other packages'."""

import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from tests.export.browser import link_runtime, missing_for_pages
from tests.export.tiny import SPEC, TASK, Liar, Pair, tiny
from visionft.errors import CheckpointError, DataError, ExportError, UnknownName
from visionft.export import WRITERS
from visionft.export.gate import export_verified
from visionft.export.writers.base import Writer
from visionft.export.writers.isolated import IsolatedWriter
from visionft.predict import Predictor
from visionft.predict.engine import ENGINES, find_exported, open_engine

IMAGES_NHW3 = np.random.default_rng(0).integers(0, 256, (7, 24, 32, 3), dtype=np.uint8)
BATCHES = [(IMAGES_NHW3, np.arange(7) % 3)]


@pytest.fixture(params=WRITERS, scope="module")
def writer(request):
    if request.param == "web" and (missing := missing_for_pages()):
        pytest.skip(missing)
    made = WRITERS[request.param]()
    if isinstance(made, IsolatedWriter) and find_spec(made.package) is None:
        pytest.skip(f"{made.package} needs an environment of its own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("visionft.export.writers.web._copy_runtime", link_runtime)
        yield made


@pytest.fixture(scope="module")
def exported(writer, tmp_path_factory):
    return written(writer, tiny(), tmp_path_factory.mktemp("run") / writer.file_name)


def written(writer, network, path):
    limits = writer.limits(TASK)
    if writer.variant:  # one near tie of seven images is a seventh of the score
        limits = replace(limits, max_score_change=0.15)
    return path, export_verified(writer, network, TASK, SPEC, path, BATCHES, limits, [IMAGES_NHW3], allow_slower=True)


def expected(images_BHW3):
    with torch.inference_mode():
        return tiny().probabilities(torch.tensor(images_BHW3)).numpy()


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_is_called_like_an_ending(name):
    assert ENGINES[name].kind == name == name.lower()
    assert "." not in name


def test_a_writer_is_a_class_with_its_facts(writer):
    assert isinstance(writer, Writer)
    assert WRITERS[writer.kind] is type(writer)
    assert writer.suffix.startswith(".")
    assert writer.suffix.removeprefix(".") in ENGINES
    assert 0 <= writer.limits(TASK).min_agreement <= 1


def test_a_faithful_file_passes_the_gate_and_is_found_alone_in_its_run(exported):
    path, parity = exported
    assert parity.passed
    assert parity.images == len(IMAGES_NHW3)
    assert list(path.parent.iterdir()) == [path]
    assert find_exported(path.parent) == path


def test_the_file_says_what_it_is_and_which_classes_it_knows(exported):
    engine = open_engine(exported[0])
    assert engine.spec == SPEC
    assert Predictor(exported[0]).class_names == SPEC.class_names


@pytest.mark.parametrize("size", [1, 2, 5])
def test_any_number_of_canvases_gives_the_networks_answers(writer, exported, size):
    found = open_engine(exported[0], threads=1).run(IMAGES_NHW3[:size])
    assert list(found) == ["probabilities"]
    assert found["probabilities"].dtype == np.float32
    allowed = writer.limits(TASK).max_difference
    np.testing.assert_allclose(found["probabilities"], expected(IMAGES_NHW3[:size]), rtol=0, atol=allowed)


def test_threads_may_share_an_engine(exported):
    engine = open_engine(exported[0])
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(engine.run, [IMAGES_NHW3[index : index + 2] for index in (0, 2, 4) * 3]))
    for again, first in zip(found[3:], found[:3] * 2, strict=True):
        np.testing.assert_array_equal(again["probabilities"], first["probabilities"])


def test_an_engine_that_was_pickled_opens_its_file_again(exported):
    engine = open_engine(exported[0])
    again = pickle.loads(pickle.dumps(engine))
    assert again.spec == engine.spec
    np.testing.assert_array_equal(*(one.run(IMAGES_NHW3)["probabilities"] for one in (engine, again)))


@pytest.mark.parametrize(
    "canvases",
    [IMAGES_NHW3[:0], IMAGES_NHW3[:, :20], IMAGES_NHW3.astype(np.float32), IMAGES_NHW3[..., :1]],
    ids=["none", "too low", "floats", "grey"],
)
def test_canvases_that_are_not_the_models_are_refused(exported, canvases):
    with pytest.raises(DataError, match=r"canvases: .*uint8 of shape \(1 or more, 24, 32, 3\)"):
        open_engine(exported[0]).run(canvases)


def test_a_provider_that_there_is_not_is_named(exported):
    with pytest.raises(UnknownName, match="abacus"):
        open_engine(exported[0], providers=["abacus"])


@pytest.mark.parametrize("part", [None, 0.0, 0.5], ids=["missing", "empty", "cut off"])
def test_a_file_that_is_none_is_named(writer, exported, part, tmp_path, capfd):
    path = tmp_path / f"broken{writer.suffix}"
    if part is not None and exported[0].is_dir():
        shutil.copytree(exported[0], path)
    elif part is not None:
        shutil.copy(exported[0], path)
    for file in (path, *path.rglob("*")):
        if file.is_file() and file.name != "spec.json":
            content = file.read_bytes()
            file.write_bytes(content[: int(part * len(content))])
    with pytest.raises(CheckpointError, match=path.name):
        open_engine(path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("network", [Liar, Pair], ids=lambda kind: kind.__name__)
def test_a_network_that_cannot_be_exported_leaves_the_older_file(writer, network, tmp_path):
    if writer.kind == "aoti" and network is Liar:
        pytest.skip("compiles for seconds; its file was compared above")
    path = tmp_path / f"model{writer.suffix}"
    path.write_bytes(b"an older file")
    with pytest.raises(ExportError, match=rf"{path.name}: not written: \S"):
        export_verified(writer, tiny(network), TASK, SPEC, path, BATCHES, writer.limits(TASK))
    assert path.read_bytes() == b"an older file"
    assert list(tmp_path.iterdir()) == [path]
