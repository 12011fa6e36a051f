"""The run folder on disk: atomic, checksummed, resumable. Safetensors and JSON only."""

from visionft.checkpoint.atomic import read_json, write_json, write_text
from visionft.checkpoint.run_folder import RunFolder
from visionft.checkpoint.store import Checkpoint, CheckpointStore

__all__ = ["Checkpoint", "CheckpointStore", "RunFolder", "read_json", "write_json", "write_text"]
