"""A finished run: evaluate it, look at it, export it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from visionft.api.caller_state import caller_state
from visionft.api.card import model_card
from visionft.api.exporting import Artifact, exported_facts, write_artifact, writer_of
from visionft.api.facts import how_changed, record_move, require_same_data, require_there
from visionft.api.model import NetworkEngine, TunedModel, fitting_state
from visionft.api.model_spec import describe_model
from visionft.api.page import report_data
from visionft.api.resolving import Data, understand_again
from visionft.api.showing import history_rows, run_line, run_table
from visionft.api.tracking import track_results, without_trackers
from visionft.assemble import Job, assemble, load_data
from visionft.assemble.part_facts import require_same_parts
from visionft.assemble.parts import NONE_HANDED_OVER, Parts
from visionft.assemble.sizing import Sizing
from visionft.atomic import write_text
from visionft.autotune.threads import keep_to_threads
from visionft.batch import AugmentedBatch, Batch
from visionft.checkpoint import RunFolder, read_json, write_json
from visionft.data.records import Sample
from visionft.data.splits import SPLITS, Split
from visionft.errors import CheckpointError, DataError, UnknownName
from visionft.export.writers.base import GraphForm
from visionft.imaging.inputs import Image
from visionft.metrics import Metrics
from visionft.predict import Predictor
from visionft.recipe import Recipe
from visionft.report import write_report
from visionft.spec import ModelSpec
from visionft.tasks import TASKS
from visionft.tasks.base import Evaluation, Prediction
from visionft.training import Sink, exact_runner
from visionft.training.events import Notice, Working
from visionft.training.inference import validate


class Run:
    """A run folder whose training has finished.

    Args:
        path: the run folder.
        job: the live objects, when they are at hand; they are rebuilt from the folder otherwise.
        sinks: who is told of the progress.
        data: what it was trained on, where no file holds that, or the files are elsewhere now.
        parts: what it was made of that no recipe can name.

    Raises:
        CheckpointError: when the folder holds no finished run.
    """

    def __init__(
        self,
        path: str | Path,
        job: Job | None = None,
        sinks: Sequence[Sink] = (),
        data: Data | None = None,
        parts: Parts = NONE_HANDED_OVER,
    ) -> None:
        self.path = Path(path).expanduser()
        self._folder = RunFolder.open(self.path)
        self._sinks = sinks
        self._given_job = job
        self._data = data
        self._parts = parts
        self._evaluations: dict[Split, Evaluation] = {}
        self._predictors: dict[float | None, Predictor] = {}
        if not self._folder.finished:
            raise CheckpointError(f"{self.path}: training has not finished; go on with it: --resume (resume=True)")

    def __repr__(self) -> str:
        task = TASKS[self.recipe.task.kind]
        return run_line(self.path, task.kind, self.info, self._measured, task.scores)

    def _repr_html_(self) -> str:
        return run_table(repr(self), self._measured, TASKS[self.recipe.task.kind].scores)

    @property
    def _measured(self) -> dict[str, Any]:
        """What metrics.json says; empty before anything was measured."""
        path = self.path / "metrics.json"
        return dict(read_json(path)) if path.is_file() else {}

    @cached_property
    def recipe(self) -> Recipe:
        """The resolved recipe."""
        return self._folder.recipe

    @property
    def info(self) -> dict[str, Any]:
        """What run.json says: environment, weights, stages, history, seconds."""
        return self._folder.info

    @property
    def stages(self) -> list[dict[str, Any]]:
        """What each stage did."""
        return list(self.info["stages"])

    @property
    def history(self) -> list[dict[str, Any]]:
        """A row per epoch, for ``pandas.DataFrame(run.history)``.

        Its cells: stage (from 0), stage_name, epoch (from 1), step, train_loss, lr, images_per_second, seconds, and
        each validation value, such as val_loss and val_accuracy.
        """
        return history_rows(self.info["history"])

    @cached_property
    def spec(self) -> ModelSpec:
        """What the network is."""
        return self._folder.read_model()[1]

    @cached_property
    def _job(self) -> Job:
        if self._given_job is not None:
            return self._given_job
        with caller_state():
            return self._rebuilt_job()

    @cached_property
    def _exporting_job(self) -> Job:
        """The live objects for the gate, for which data that have changed since do: any images of its kind compare."""
        if self._given_job is not None or "_job" in vars(self):
            return self._job
        return self._rebuilt_job(changed_too=True)

    def _rebuilt_job(self, *, changed_too: bool = False) -> Job:
        self._parts.require_for(self.recipe)
        weights, spec = self._folder.read_model()
        request = understand_again(self.recipe, self._data, self._folder.moved_to)
        require_there(request.recipe, self.path)
        dataset = load_data(request.recipe, source=request.data)
        changed = how_changed(dataset, self.info)
        if changed and changed_too and dataset.class_names == spec.class_names:
            self._say(f"{changed}; the file is verified on the validation images of now")
        else:
            require_same_data(dataset, self.info, self.path)
            record_move(self._folder, request.recipe, dataset, self._say)
        sizing = Sizing.recorded(self.info, request.recipe, dataset)
        job = assemble(request.recipe, dataset, pretrained=False, sizing=sizing, parts=self._parts)
        require_same_parts(self.info.get("parts", {}), self._parts.facts(job.network), str(self.path))
        job = replace(job, input=spec.input)
        try:
            job.network.load_state_dict(weights)
        except RuntimeError as error:
            raise CheckpointError(f"{self.path / 'model.safetensors'}: does not fit its recipe: {error}") from error
        return job

    @cached_property
    def model(self) -> TunedModel:
        """The tuned network as a plain ``nn.Module``, see ``TunedModel``: a copy, yours to change.

        The run keeps its own weights, to which its metrics and files belong; ``with_model`` makes a run of others.
        """
        return self._copied_model()

    def _copied_model(self) -> TunedModel:
        return TunedModel.of(self._job, self.spec, self._last_stage)

    @property
    def _last_stage(self) -> int:
        """Index of the last stage that was run; a callback may have left out others."""
        return int(self.stages[-1]["stage"])

    def engine(self) -> NetworkEngine:
        """Return what ``vft.Predictor(run)`` runs."""
        return NetworkEngine(self._copied_model())

    def predict(
        self, images: Image | Iterable[Image], *, threshold: float | None = None
    ) -> Prediction | list[Prediction]:
        """Predict with the network as it is, as ``vft.Predictor(run)`` does.

        Args:
            images: one, or several, of what a predictor takes: paths, bytes of files, uint8 arrays, images of Pillow.
            threshold: least score of what is reported, in [0, 1]; none takes the model's own for each class.

        Returns:
            The result of one image, or a list in the order of the images.

        Raises:
            DataError: when an image cannot be used, or the threshold.
        """
        if threshold not in self._predictors:
            self._predictors[threshold] = Predictor(self, threshold=threshold)
        return self._predictors[threshold](images)

    def batches(self, split: Split = "train", epoch: int = 0) -> Iterator[Batch | AugmentedBatch]:
        """Yield the batches of one epoch for a loop of your own, on the device of ``model``.

        Args:
            split: ``train`` comes shuffled, augmented and mixed as in the run's last stage; other parts as they are,
                in order.
            epoch: >= 0; with the recipe's seed it decides order and augmentation.

        Raises:
            DataError: when the part has no images, or one cannot be read any more.
            UnknownName: when there is no such part.
        """
        # float32, whatever the run itself trained in: autocast is for the loop to decide
        job = replace(self._job, augments=False, runtime=replace(self._job.runtime, bf16=False))
        if split not in SPLITS:
            raise UnknownName("part of the data", split, SPLITS)
        if not job.dataset.split(split):
            raise DataError(f"{job.dataset.name}: no images in the {split} part")
        stage = job.plans[self._last_stage].stage
        if split != "train":
            with job.eval_loader(split, job.input) as loader:
                yield from (batch.to(job.runtime.device) for batch in loader.evaluation())
            return
        augment = job.device_augmenter(stage)
        with job.train_loader(stage, single_pass=True) as batches:
            for batch in batches.training(epoch):
                on_device = batch.to(job.runtime.device)
                yield augment(on_device) if augment else on_device

    @caller_state()
    def with_model(self, model: nn.Module | Mapping[str, Tensor], path: str | Path | None = None) -> "Run":
        """Make a run of changed weights, in a folder of its own: evaluated, reported and exported as any other.

        Validation values and the thresholds of classes are those of the new weights; stages and history are told as
        they were before.

        Args:
            model: ``run.model`` after training on, also wrapped by torch.compile or DistributedDataParallel; or its
                ``state_dict()``.
            path: the new run folder; none takes the next free ``runs/NAME-NNN``.

        Raises:
            CheckpointError: when the weights are not those of this network.
            DataError: when the folder exists already or cannot be written.
        """
        if path:
            RunFolder.require_free(Path(path).expanduser())
        job = replace(self._job, network=deepcopy(self._job.network))
        job.network.load_state_dict(fitting_state(model, job.network.state_dict()))
        with job.eval_loader("val", job.input) as loader:
            val = validate(job, loader.evaluation())
        spec = describe_model(job, self.info, val, self._sinks, changed_after_training=True)
        folder = RunFolder.create(self.recipe, Path(path).expanduser() if path else None)
        folder.write_model(job.network.state_dict(), spec)
        folder.record(**{**without_trackers(self.info), "changed_after_training": str(self.path)})
        return Run(folder.path, job=job, sinks=self._sinks)

    @caller_state()
    def evaluate(self, split: Split | None = None) -> Metrics:
        """Measure the network on a part of the data and store the result in metrics.json.

        Args:
            split: which part; none takes ``default_split``.
        """
        part = split or self.default_split
        metrics = self._evaluation(part).metrics
        write_json(self.path / "metrics.json", {"split": part, **metrics.to_dict()})
        return metrics

    @property
    def default_split(self) -> Split:
        """The test part, or validation where that has nothing to measure."""
        return self._job.dataset.measured

    def samples(self, split: Split) -> tuple[Sample, ...]:
        """Return the images of a part, in the order of the results."""
        return self._job.dataset.split(split)

    @caller_state()
    def report(self) -> Path:
        """Write report.html and return its path; the recipe's trackers get the results with it."""
        split = self.default_split
        evaluation, images = self._evaluation(split), len(self.samples(split))
        self._tell("drawing the page", 0, images)
        data = report_data(self._job, self.info, self.spec, evaluation, split, exported_facts(self.path))
        path = write_report(data, self.path / "report.html")
        self._tell("drawing the page", images, images)
        track_results(
            self.recipe,
            self._folder,
            self._say,
            metrics=evaluation.metrics,
            split=split,
            augmentation=data.augmentation,
            page=path,
        )
        return path

    @caller_state()
    def export(
        self,
        to: str = "onnx",
        path: str | Path | None = None,
        *,
        allow_slower: bool = False,
        opset: int = GraphForm.opset,
        batch: int | None = None,
        floats: bool = False,
    ) -> Artifact:
        """Export the network to a file that is proven on the validation images to give the same answers.

        What was measured is written beside it, in a file of its name with ``.parity.json`` behind, and a model card in
        one with ``.card.md``.

        Args:
            to: the runtime, see ``visionft list runtimes``.
            path: where to; none is ``model`` with the runtime's ending, in the run folder.
            allow_slower: write a file of fewer bits also where it is slower than float32 on this machine, for another.
            opset: for ``onnx``: version of its operators, 13 to 20.
            batch: for ``onnx``: images that the graph takes at once; None takes any number.
            floats: for ``onnx``: images come as float32 RGB from 0 to 255, channels first, instead of bytes.

        Raises:
            RecipeError: when these are asked of another runtime, or of numbers that cannot be.
            ExportError: when the file would not give the network's answers; then there is no file.
        """
        keep_to_threads(self.info)
        writer = writer_of(to, GraphForm(opset, batch, floats))
        job = self._exporting_job
        target = Path(path).expanduser() if path else self.path / writer.file_name
        artifact = write_artifact(
            job, self.spec, writer, target, partial(self._tell, "exporting"), allow_slower=allow_slower
        )
        card = model_card(target, self.spec, self.recipe, self.info, self._measured, artifact.parity)
        write_text(target.with_name(f"{target.name}.card.md"), card)
        return artifact

    def _evaluation(self, split: Split) -> Evaluation:
        """Return the evaluation of a part, computed once."""
        if split not in self._evaluations:
            keep_to_threads(self.info)
            job, samples = self._job, self._job.dataset.split(split)
            if not samples:
                raise DataError(f"{job.dataset.name}: no images in the {split} part")
            self._tell(f"evaluating {split}", 0, len(samples))
            self._evaluations[split] = job.task.evaluate(
                samples,
                job.input,
                exact_runner(job),
                batch_size=self.recipe.optim.batch_size,
                bootstrap=self.recipe.evaluate.bootstrap,
                seed=0,
                thresholds=self.spec.thresholds,
                on_done=lambda done: self._tell(f"evaluating {split}", done, len(samples)),
            )
        return self._evaluations[split]

    def _say(self, text: str) -> None:
        for sink in self._sinks:
            sink(Notice(text))

    def _tell(self, what: str, done: int, total: int) -> None:
        for sink in self._sinks:
            sink(Working(what, done, total))


def open_run(
    path: str | Path,
    sinks: Sequence[Sink] = (),
    *,
    data: Data | None = None,
    backbone: Any = None,
    head: Any = None,
    loss: Any = None,
) -> Run:
    """Open a finished run.

    Args:
        path: the run folder.
        sinks: who is told of the progress.
        data: what it was trained on, where no file holds that (a ``vft.Dataset``), or the files are elsewhere now. When
            they are needed, it is checked that they are the same.
        backbone: what was handed over to ``vft.train``, with any weights: the run has its own.
        head: the same.
        loss: the same; only one with weights of its own is needed to measure and export.

    Raises:
        CheckpointError: when the folder holds no finished run.
    """
    return Run(path, sinks=sinks, data=data, parts=Parts(backbone, head, loss))
