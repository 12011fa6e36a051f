"""Programs of torch are opened where nothing is unpickled, and native code where the CPU has its instructions."""

import json
import zipfile

import pytest
import torch

from tests.export.tiny import SPEC, tiny
from visionft.errors import CheckpointError, UnknownName
from visionft.export.writers.torch_program import TorchExportWriter
from visionft.predict.engine import open_engine


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("program") / "model.pt2"
    TorchExportWriter().write(tiny(), SPEC, path)
    return path


def changed(source, path, part, change):
    """Copy an archive, one entry of which is changed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if part in name else old.read(name))
    return path


def test_entries_that_would_be_unpickled_are_refused(program, tmp_path):
    def pickled(content):
        facts = json.loads(content)
        for entry in facts["config"].values():
            entry["use_pickle"] = True
        return json.dumps(facts)

    with pytest.raises(CheckpointError, match=r"m\.pt2: torch cannot load it \(\S+ would be unpickled\)"):
        open_engine(changed(program, tmp_path / "m.pt2", "model_weights_config.json", pickled))


def test_example_inputs_that_would_be_unpickled_are_refused(program, tmp_path):
    anything = tmp_path / "anything.pt"
    torch.save(SPEC, anything)
    with pytest.raises(CheckpointError, match=r"sample_inputs/.* would be unpickled"):
        open_engine(changed(program, tmp_path / "m.pt2", "sample_inputs", lambda _: anything.read_bytes()))


def test_nothing_in_the_program_names_files_of_this_machine(program):
    with zipfile.ZipFile(program) as archive:
        assert not [name for name in archive.namelist() if b"tests/export" in archive.read(name)]


def test_native_code_for_another_cpu_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "m.pt2", "w") as archive:
        archive.writestr("model/extra/visionft.spec", SPEC.to_json())
        archive.writestr("model/data/aotinductor/model/a.wrapper_metadata.json", '{"AOTI_CPU_ISA": "AVX1024 VNNI"}')
    with pytest.raises(CheckpointError, match=r"m\.pt2: .*compiled for CPUs with AVX1024, this one has"):
        open_engine(tmp_path / "m.pt2")


def test_an_archive_of_somebody_else(tmp_path):
    torch.export.save(torch.export.export(torch.nn.Linear(2, 2), (torch.zeros(1, 2),)), tmp_path / "m.pt2")
    with pytest.raises(CheckpointError, match=r"m\.pt2: says nothing of its task"):
        open_engine(tmp_path / "m.pt2")


def test_threads_of_the_process_stay(program):
    before = torch.get_num_threads()
    open_engine(program, threads=before + 1)
    assert torch.get_num_threads() == before
    with pytest.raises(UnknownName, match="CUDA"):
        open_engine(program, providers=["CUDA"])
