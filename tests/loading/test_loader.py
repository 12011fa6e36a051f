import os
import signal

import numpy as np
import pytest
import torch

from tests.data.folders import write_image
from visionft.augment import Augmenter
from visionft.data.records import Sample
from visionft.data.targets.label import Label
from visionft.errors import DataError, TrainingError
from visionft.imaging import decode, to_canvas
from visionft.loading.loader import Loader
from visionft.loading.order import batches_per_epoch, training_plan
from visionft.seeds import derive_seed
from visionft.spec import InputSpec

SPEC = InputSpec(height=24, width=32)


@pytest.fixture
def samples(tmp_path):
    return [
        Sample(path.name, write_image(path, number, (40, 30)), Label(number % 3), "train")
        for number, path in enumerate(tmp_path / f"{number:02}.png" for number in range(11))
    ]


def everything(batches):
    return [(batch.ids, batch.targets.tolist(), batch.images_BHW3.numpy().tobytes()) for batch in batches]


def mark_seed(example, seed, _turn=None):
    """Stand in for augmentation: write the seed into the canvas."""
    marked = example.image_HW3.copy()
    marked.reshape(-1)[:8] = np.frombuffer(np.int64(seed).tobytes(), np.uint8)
    return example._replace(image_HW3=marked)


def test_evaluation_gives_every_sample_in_order(samples):
    with Loader(samples, SPEC, 4) as loader:
        batches = list(loader.evaluation())
    assert [len(batch) for batch in batches] == [4, 4, 3]
    assert [name for batch in batches for name in batch.ids] == [sample.id for sample in samples]
    images_BHW3 = torch.cat([batch.images_BHW3 for batch in batches])
    labels_B = torch.cat([batch.targets for batch in batches])
    assert (images_BHW3.dtype, labels_B.dtype) == (torch.uint8, torch.int64)
    assert labels_B.tolist() == [sample.target.index for sample in samples]
    for image_HW3, sample in zip(images_BHW3.numpy(), samples, strict=True):
        assert (image_HW3 == to_canvas(decode(sample.image), SPEC)).all()


def test_training_follows_the_plan_and_the_seeds(samples):
    with Loader(samples, SPEC, 4, seed=3, augment=mark_seed) as loader:
        for epoch in (0, 5):
            batches = list(loader.training(epoch))
            plan = list(training_plan(11, 4, seed=3, epoch=epoch))
            assert len(batches) == batches_per_epoch(11, 4)
            for batch, indices in zip(batches, plan, strict=True):
                assert batch.ids == tuple(samples[index].id for index in indices)
                for image_HW3, name in zip(batch.images_BHW3.numpy(), batch.ids, strict=True):
                    seed = int.from_bytes(image_HW3.reshape(-1)[:8].tobytes(), "little")
                    assert seed == derive_seed(3, "augment", epoch, name)


def test_training_goes_on_from_a_batch(samples):
    with Loader(samples, SPEC, 3, seed=1, augment=mark_seed) as loader:
        whole = everything(loader.training(2))
        assert everything(loader.training(2, start_batch=2)) == whole[2:]


@pytest.mark.slow
@pytest.mark.parametrize("strength", ["light", "strong"])
def test_batches_do_not_depend_on_workers_or_memory(samples, strength):
    augment = Augmenter(strength, "any")
    reference = None
    for workers, cache_bytes in ((0, 0), (0, 5 * 24 * 32 * 3), (0, 1 << 20), (1, 0), (2, 0)):
        with Loader(samples, SPEC, 4, seed=3, augment=augment, workers=workers, cache_bytes=cache_bytes) as loader:
            next(loader.training(0))  # a pass that is given up leaves no trace
            found = [everything(loader.training(epoch)) for epoch in (0, 1, 1)] + [everything(loader.evaluation())]
        reference = reference or found
        assert found == reference
    assert reference[1] == reference[2] != reference[0]


@pytest.mark.parametrize("workers", [0, 1])
def test_the_global_generators_are_left_alone(samples, workers):
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    with Loader(samples, SPEC, 4, augment=Augmenter("light", "any"), workers=workers) as loader:
        list(loader.training(0))
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert (np.random.get_state()[1] == numpy_state).all()  # noqa: NPY002  # the global generator is looked at


def test_canvases_are_kept_only_within_their_budget(samples):
    room = 4 * 24 * 32 * 3
    with Loader(samples, SPEC, 4, cache_bytes=room) as loader:
        before = everything(loader.evaluation())
        for sample in samples[:4]:
            sample.image.unlink()
        batches = loader.evaluation()
        assert everything([next(batches)]) == before[:1]
        samples[4].image.unlink()
        with pytest.raises(DataError):
            next(batches)


def test_augmentation_does_not_reach_the_kept_canvas(samples):
    with Loader(samples, SPEC, 11, augment=Augmenter("strong", "any")) as loader:
        first = everything(loader.training(0))
        list(loader.training(1))
        assert everything(loader.training(0)) == first


@pytest.mark.parametrize("workers", [0, 1])
def test_a_file_that_vanished_or_broke_is_named(samples, workers):
    samples[2].image.unlink()
    with Loader(samples, SPEC, 4, workers=workers) as loader, pytest.raises(DataError) as caught:
        list(loader.evaluation())
    assert str(caught.value) == f"{samples[2].image}: cannot be read (No such file or directory)"
    samples[2].image.write_bytes(samples[0].image.read_bytes()[:-30])
    with Loader(samples, SPEC, 4, workers=workers) as loader, pytest.raises(DataError, match=r"02.png: .* cut off"):
        list(loader.evaluation())


def report_process(example, seed, _turn=None):
    """Stand in for augmentation: write the worker's process id and its answer to Ctrl-C into the canvas."""
    marked = example.image_HW3.copy()
    marked.reshape(-1)[:8] = np.frombuffer(np.int64(os.getpid()).tobytes(), np.uint8)
    marked.reshape(-1)[8] = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    return example._replace(image_HW3=marked)


def worker_of(batch):
    return int.from_bytes(batch.images_BHW3.numpy().reshape(-1)[:8].tobytes(), "little")


def test_workers_outlive_an_epoch_and_leave_ctrl_c_to_the_trainer(samples):
    with Loader(samples, SPEC, 4, augment=report_process, workers=1) as loader:
        first, second = (next(loader.training(epoch)) for epoch in (0, 1))
    assert worker_of(first) == worker_of(second) != os.getpid()
    assert first.images_BHW3.reshape(-1)[8] == 1


def die(example, seed, _turn=None):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_dies_is_told(samples):
    with (
        Loader(samples, SPEC, 4, augment=die, workers=1) as loader,
        pytest.raises(TrainingError, match=r"a process that loads images died .*, or set runtime\.workers: 0"),
    ):
        list(loader.training(0))
