"""What the house must know of regression."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from visionft.imaging.inputs import Loaded, canvases
from visionft.metrics.score import Score
from visionft.results import CanvasRunner, Output
from visionft.spec import ModelSpec
from visionft.tasks.base import TaskDefinition
from visionft.tasks.regression.prediction import Regression


class RegressionTask(TaskDefinition):
    """One or several numbers for each image."""

    kind: ClassVar[str] = "regression"
    learner: ClassVar[str] = "visionft.tasks.regression.learning:RegressionLearner"
    view: ClassVar[str] = "visionft.tasks.regression.page:RegressionView"
    options: ClassVar[str] = "visionft.tasks.regression.options:RegressionOptions"
    probe: ClassVar[str] = "visionft.tasks.regression.probing:RegressionProbe"
    browser: ClassVar[str] = "visionft.tasks.regression:browser.js"
    predicts: ClassVar[str] = "image_logits"
    target: ClassVar[str] = "visionft.data.targets.values:Values"
    counted: ClassVar[str] = "image"
    scores: ClassVar[tuple[Score, ...]] = (
        Score("r2", "R2", "explained variance; 0 is always answering the mean", percent=False, headline="R²"),
        Score("spearman", "Spearman", "correlation of the ranks; 0 is chance", percent=False),
        Score("mae", "MAE", "mean absolute error", percent=False, lower=True),
        Score("rmse", "RMSE", "root of the mean squared error", percent=False, lower=True),
    )
    selections: ClassVar[tuple[str, ...]] = ("loss", "r2", "spearman", "mae", "rmse", "last")
    default_recipe: ClassVar[str | None] = "regression"
    offer: ClassVar[str] = "the labels are numbers; to predict a number, and no class for each that occurs"
    offered_to: ClassVar[tuple[str, ...]] = ("classification",)
    sees_whole_images: ClassVar[bool] = False
    outputs: ClassVar[tuple[Output, ...]] = (Output("values", "float32", ("classes",)),)
    prediction: ClassVar[type[Regression]] = Regression

    @classmethod
    def predict(
        cls,
        images: Sequence[Loaded],
        spec: ModelSpec,
        run: CanvasRunner,
        *,
        batch_size: int,  # noqa: ARG003  # an image is one canvas
        threshold: float | None = None,  # noqa: ARG003  # a number is no score
    ) -> Iterator[Regression]:
        """Yield the values of each image; see ``TaskDefinition.predict``."""
        for values_V in run(canvases(images))["values"]:
            yield Regression.of(values_V, spec.class_names)
