"""A script without ``if __name__ == "__main__":``, which every process that it spawns runs from its top."""

import sys

_ADVICE = 'put what the script does under  if __name__ == "__main__":  or set runtime.workers: 0'


def stop_second_run() -> None:
    """Leave a process that was spawned to load images, and is only importing the script of the one that trains.

    Raises:
        SystemExit: then, before anything is written; the process that spawned it tells what is wrong.
    """
    frame = sys._getframe(1)
    while True:
        if frame.f_globals.get("__name__") == "__mp_main__" and frame.f_code.co_name == "<module>":
            raise SystemExit(f"visionft: a process that is to load images runs the script from its top; {_ADVICE}")
        if frame.f_back is None:
            return
        frame = frame.f_back
