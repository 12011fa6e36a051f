"""Trackers by name: where the curves of a run go beside its own folder. Importing this is cheap."""

from visionft.catalog import Catalog

TRACKERS = Catalog(
    "tracker",
    {
        "csv": "visionft.tracking.csv_file:CsvTracker",
        "mlflow": "visionft.tracking.mlflow_run:MlflowTracker",
        "tensorboard": "visionft.tracking.tensorboard_files:TensorBoardTracker",
        "trackio": "visionft.tracking.trackio_run:TrackioTracker",
        "wandb": "visionft.tracking.wandb_run:WandbTracker",
    },
    "visionft.trackers",
)

__all__ = ["TRACKERS"]
