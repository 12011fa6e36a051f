"""Where images are augmented: what is measured, what follows from it, and what a run keeps to."""

import time
from dataclasses import asdict, astuple, replace
from itertools import product
from pkgutil import resolve_name

import cv2
import pytest
import torch

from visionft.assemble import assemble, load_data
from visionft.autotune import choice, measure
from visionft.autotune.choice import Choice, choose, decide, require_cuda_where_asked
from visionft.autotune.measure import Times
from visionft.checkpoint import Checkpoint, RunFolder
from visionft.errors import CheckpointError, RecipeError, TrainingError

# seconds: an image decoded in 3 ms, augmented in 2.4, drawn in 0.1; a batch copied in 0.4, augmented in 0.3, 10 of step
TIMES = Times(3e-3, 2.4e-3, 1e-4, 4e-4, 3e-4, 10e-3)


def made(recipe, **changes):
    return replace(assemble(recipe, load_data(recipe)), **changes)


def as_if_on_cuda(job):
    return replace(job, runtime=replace(job.runtime, device=torch.device("cuda")), augments=True)


def simulated(image, batch, workers, size, batches=4000):
    """Return the seconds between two batches in the long run, where each worker loads every n-th batch."""
    if not workers:
        return sum([image] * size) + batch
    free, done = [0.0] * workers, 0.0
    for number in range(batches):
        free[number % workers] += image * size
        done = max(done, free[number % workers]) + batch
    return done / batches


class TestChoose:
    @pytest.mark.parametrize("workers", [0, 1, 3, 8])
    def test_both_ways_are_what_a_pipeline_does(self, workers):
        rates = product((1e-3, 5e-3), (1e-4, 6e-3), (1e-5, 1e-3), (1e-4, 1e-2), (1e-4, 5e-2), (2e-3, 4e-2), (4, 32))
        taken = []
        for decode, augment, draw, copy, there, step, size in rates:
            found = choose(Times(decode, augment, draw, copy, there, step), workers, size)
            cpu = simulated(decode + augment, copy + step, workers, size)
            cuda = simulated(decode + draw, copy + there + step, workers, size)
            assert found.batch == pytest.approx({"cpu": cpu, "cuda": cuda}, rel=5e-3)
            if abs(cuda / cpu - 0.98) > 0.01:
                assert found.device == ("cuda" if cuda < 0.98 * cpu else "cpu")
            taken.append(found.device)
        assert {"cpu", "cuda"} == set(taken)

    def test_worked_by_hand(self):
        found = choose(TIMES, 8, 32)  # 32 images of 5.4 ms by 8, or of 3.1 ms; against a step and copy of 10.7 ms
        assert found.batch == pytest.approx({"cpu": 21.6e-3, "cuda": 12.4e-3})
        assert (found.device, found.why, found.times) == ("cuda", "measured", TIMES)
        alone = choose(TIMES, 0, 32)  # 172.8 + 10.4, and 99.2 + 10.7
        assert alone.batch == pytest.approx({"cpu": 183.2e-3, "cuda": 109.9e-3})
        assert choose(TIMES, 32, 32).batch == pytest.approx({"cpu": 10.4e-3, "cuda": 10.7e-3})
        assert choose(TIMES, 32, 32).device == "cpu"  # which then has time to spare

    @pytest.mark.parametrize(("there", "device"), [(0.9, "cuda"), (0.97, "cuda"), (0.985, "cpu"), (1.0, "cpu")])
    def test_next_to_no_gain_is_left(self, there, device):
        """No loading to speak of: the CPU's way takes a second, the other as long as augmenting there."""
        times = Times(1e-9, 1.0, 1e-9, 1e-9, there, 1e-9)
        assert choose(times, 0, 1).device == device

    def test_what_lies_on_the_device_is_not_loaded(self):
        found = choose(TIMES, 1, 32, resident=True)
        assert found.batch == pytest.approx({"cpu": 172.8e-3, "cuda": 10.3e-3})
        assert choose(replace(TIMES, decode=1.0), 1, 32, resident=True).batch["cuda"] == found.batch["cuda"]
        drawing = choose(replace(TIMES, draw=1e-3), 1, 32, resident=True)  # in a thread beside the one that trains
        assert drawing.batch["cuda"] == pytest.approx(32e-3)


class TestMeasure:
    @pytest.mark.parametrize("kind", ["tiny", "scenes", "instances"])
    def test_every_part_takes_time_and_leaves_nothing_behind(self, kind, request):
        job = made(request.getfixturevalue(kind)(task={"dropout": 0.3}))
        before = {name: tensor.clone() for name, tensor in job.network.state_dict().items()}
        numbers, threads = torch.get_rng_state(), cv2.getNumThreads()
        started = time.perf_counter()
        times = measure.measure(replace(job, runtime=replace(job.runtime, workers=2)), job.plans[1])
        assert sum(astuple(times)) < time.perf_counter() - started
        assert all(seconds > 0 for seconds in astuple(times))
        assert all(torch.equal(tensor, before[name]) for name, tensor in job.network.state_dict().items())
        assert all(parameter.grad is None for parameter in job.network.parameters())
        assert torch.equal(torch.get_rng_state(), numbers)
        assert cv2.getNumThreads() == threads

    @pytest.mark.parametrize(
        ("slow", "parts"),
        [
            ("visionft.loading.canvases.decode_for", {"decode"}),
            ("visionft.augment.cpu.apply", {"augment"}),
            ("visionft.augment.augmenter.sample_params", {"augment", "draw"}),
            ("visionft.batch.Batch.to", {"copy"}),
            ("visionft.augment.device.augment_batch", {"augment_on_device"}),
            ("visionft.models.heads.linear.LinearHead.losses", {"step"}),
        ],
    )
    def test_each_part_is_what_it_says(self, tiny, monkeypatch, slow, parts):
        """What is slower by a delay shows where it belongs, and nowhere else."""
        plain, delay = resolve_name(slow), 0.08

        def delayed(*args, **kwargs):
            time.sleep(delay)
            return plain(*args, **kwargs)

        job = made(tiny())
        monkeypatch.setattr(measure, "_IMAGES", 3)
        monkeypatch.setattr(slow, delayed)
        times = asdict(measure.measure(job, job.plans[1]))
        assert {part for part, seconds in times.items() if seconds >= delay} == parts

    def test_few_images_are_read_where_that_takes_long(self, tiny, monkeypatch):
        """The batch is as large as ever."""
        job, read, sizes = made(tiny()), [], []
        plain, loss = measure.Canvases.__getitem__, job.network.head.losses

        def noted(canvases, key):
            read.append(key)
            return plain(canvases, key)

        def noted_loss(outputs, targets):
            sizes.append(len(targets))
            return loss(outputs, targets)

        monkeypatch.setattr(measure.Canvases, "__getitem__", noted)
        job.network.head.losses = noted_loss
        monkeypatch.setattr(measure, "_ENOUGH", 0.0)
        measure.measure(job, job.plans[1])
        assert len(read) == 9
        assert len(set(read)) == 8
        assert set(sizes) == {16}

    def test_the_first_images_of_the_run(self, tiny, monkeypatch):
        job, read = made(tiny()), []
        plain = measure.Canvases.__getitem__
        monkeypatch.setattr(measure.Canvases, "__getitem__", lambda self, key: read.append(key) or plain(self, key))
        monkeypatch.setattr(measure, "_IMAGES", 16)
        measure.measure(job, job.plans[1])
        with job.train_loader(job.plans[0].stage) as loader:
            first = next(iter(loader.training(0)))
        train = job.dataset.split("train")
        assert {train[index].id for _, index in read} == set(first.ids)

    def test_a_stage_without_augmentation(self, tiny):
        job = made(tiny(stages=[{"name": "plain", "epochs": 1, "augment": "none"}]))
        with pytest.raises(ValueError, match="plain does not augment"):
            measure.measure(job, job.plans[0])


class TestDecide:
    @pytest.fixture
    def decided(self, tmp_path, monkeypatch):
        """Return a function that decides for a recipe, as where there is CUDA or is none."""

        def run(recipe, *, cuda, times=TIMES):
            monkeypatch.setattr(choice, "on_cuda", lambda runtime: cuda)
            measured, told = [], []
            monkeypatch.setattr(choice, "measure", lambda job, plan: measured.append(plan) or times)
            path = tmp_path / "run"
            folder = RunFolder(path) if path.exists() else RunFolder.create(recipe, path)
            return decide(made(recipe), folder, told.append), measured, told, folder.info["augment"]

        return run

    @pytest.mark.parametrize(
        ("device", "cuda", "expected"),
        [
            ("auto", False, Choice("cpu", "no CUDA")),
            ("cpu", False, Choice("cpu", "asked for")),
            ("cpu", True, Choice("cpu", "asked for")),
            ("cuda", True, Choice("cuda", "asked for")),
        ],
    )
    def test_without_a_measurement_or_a_word(self, tiny, decided, device, cuda, expected):
        found, measured, told, recorded = decided(tiny(augment={"device": device}), cuda=cuda)
        assert found == expected
        assert (measured, told) == ([], [])
        assert recorded == {"device": expected.device, "why": expected.why, "batch": None, "times": None}

    def test_a_run_that_began_before_there_was_a_choice_stays_where_it_was(self, tiny, decided, tmp_path):
        folder = RunFolder.create(tiny(), tmp_path / "run")
        folder.checkpoints.save(1, Checkpoint({}, {}, {}, {}), best_changed=True)
        found, measured, _, _ = decided(tiny(), cuda=True)
        assert (found.device, found.why, measured) == ("cpu", "begun before there was a choice", [])

    def test_where_nothing_is_augmented(self, tiny, decided):
        recipe = tiny(stages=[{"name": "s", "epochs": 1, "augment": "none"}])
        assert decided(recipe, cuda=True)[:3] == (Choice("cpu", "no stage augments"), [], [])

    def test_the_first_stage_that_augments_is_measured(self, tiny, decided):
        strengths = {"a": "none", "b": "light", "c": "strong"}
        stages = [{"name": name, "epochs": 1, "augment": strength} for name, strength in strengths.items()]
        _, measured, _, _ = decided(tiny(stages=stages), cuda=True)
        assert [plan.stage.name for plan in measured] == ["b"]

    def test_what_it_says_and_writes_down(self, tiny, decided):
        found, _, told, recorded = decided(tiny(runtime={"workers": 3}), cuda=True)
        assert found.device == recorded["device"] == "cuda"
        assert recorded["why"] == "measured"
        assert recorded["times"] == asdict(TIMES)
        assert recorded["batch"] == pytest.approx({"cpu": 28.8e-3, "cuda": 16.5333e-3}, rel=1e-4)
        assert told == [
            "augmentation on cuda: a batch of 16 takes 16.5 ms that way and 28.8 ms on the CPU (3 workers; an image: "
            "decoding 3.0 ms, augmenting 2.4 ms, drawing alone 0.10 ms; a batch: copying 0.40 ms, augmenting on cuda "
            "0.30 ms, training step 10.0 ms)"
        ]

    @pytest.mark.parametrize(
        ("workers", "there", "words"),
        [
            (
                0,
                0.2,
                "on the CPU: a batch of 16 takes 96.8 ms that way and 260 ms on cuda (loading in the same process;",
            ),
            (1, 0.2, "on the CPU: a batch of 16 takes 86.4 ms that way and 210 ms on cuda (1 worker;"),
            (
                0,
                0.0355,
                "on the CPU: a batch of 16 takes 96.8 ms that way and 95.5 ms on cuda, which is too little gained (",
            ),
        ],
    )
    def test_what_it_says_of_the_cpu(self, tiny, decided, workers, there, words):
        found, _, told, _ = decided(
            tiny(runtime={"workers": workers}), cuda=True, times=replace(TIMES, augment_on_device=there)
        )
        assert found.device == "cpu"
        assert words in told[0]

    def test_what_was_written_down_stays(self, tiny, decided):
        decided(tiny(), cuda=True)
        slower = replace(TIMES, augment_on_device=1.0)
        again, measured, told, recorded = decided(tiny(), cuda=True, times=slower)
        assert again.device == "cuda"
        assert (measured, told) == ([], [])
        assert recorded["times"] == asdict(TIMES)

    def test_a_run_that_began_on_cuda_needs_it(self, tiny, decided):
        decided(tiny(), cuda=True)
        with pytest.raises(
            CheckpointError,
            match=r"run: its images are augmented on cuda, and the network trains on cpu here; .*start a",
        ):
            decided(tiny(), cuda=False)

    def test_one_that_began_on_the_cpu_does_not_care(self, tiny, decided):
        decided(tiny(), cuda=False)
        again, measured, _, _ = decided(tiny(), cuda=True)
        assert (again.device, measured) == ("cpu", [])

    def test_cuda_asked_for_where_there_is_none(self, tiny):
        with pytest.raises(
            RecipeError, match=r"augment.device: cuda asked for, and the network trains on cpu; use auto"
        ):
            require_cuda_where_asked(tiny(augment={"device": "cuda"}), made(tiny()).runtime)
        require_cuda_where_asked(tiny(augment={"device": "auto"}), made(tiny()).runtime)

    def test_no_memory_is_no_traceback(self, tiny, decided, monkeypatch, tmp_path):
        def full(job, plan):
            raise torch.OutOfMemoryError("CUDA out of memory")

        monkeypatch.setattr(choice, "on_cuda", lambda runtime: True)
        monkeypatch.setattr(choice, "measure", full)
        folder = RunFolder.create(tiny(), tmp_path / "run")
        with pytest.raises(
            TrainingError,
            match=r"out of memory on cpu: lower optim.batch_size \(now 16\).*, or set runtime.resident: false; then",
        ):
            decide(made(tiny()), folder, print)
        assert "augment" not in folder.info
