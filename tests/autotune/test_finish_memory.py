"""What finished runs have shown of the end of others."""

import pytest

from visionft.api.planning import remember_finish
from visionft.autotune.finish_memory import remember, remembered
from visionft.user_cache import user_cache

KIND = "a task, a network, cpu"


def plan(finish_seconds, factor=1.0):
    return {"plan": {"finish_seconds": finish_seconds, "finish_of": {"kind": KIND, "factor": factor}}}


def test_an_estimate_follows_what_runs_took():
    assert remembered(KIND) == 1
    remember_finish(plan(10.0), 20.0)
    assert remembered(KIND) == 2
    assert remembered("another") == 1
    remember_finish(plan(20.0, factor=2.0), 20.0)  # which was right: nothing changes
    assert remembered(KIND) == 2
    for _ in range(20):
        remember_finish(plan(20.0, factor=2.0), 10.0)
    assert remembered(KIND) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("info", [{}, {"plan": {"finish_seconds": 3.0}}, plan(0.0)])
def test_runs_without_a_plan_say_nothing(info):
    remember_finish(info, 20.0)
    assert remembered(KIND) == 1


def test_one_run_on_a_busy_machine_is_no_rule():
    remember(KIND, 1e6)
    assert 1 < remembered(KIND) <= 10


@pytest.mark.parametrize("text", ["", "[]", "{", "[1]", '{"a": "much"}', '{"a": null}'])
def test_a_file_that_cannot_be_read_is_as_none(text):
    user_cache().mkdir(parents=True, exist_ok=True)
    (user_cache() / "finish.json").write_text(text)
    assert remembered(KIND) == 1
    remember(KIND, 3.0)
    assert remembered(KIND) == pytest.approx(3.0)
