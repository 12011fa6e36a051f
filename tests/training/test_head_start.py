"""A head that begins at the minimum of its loss."""

import pytest
import torch
from sklearn.linear_model import LogisticRegression

from visionft.assemble import assemble, load_data
from visionft.stages import Stage
from visionft.training.events import Notice
from visionft.training.frozen import FrozenFeatures
from visionft.training.head_start import _STRENGTHS, _minimize, fit_head, fitted_rows

STAGE = {"name": "head", "unfreeze": "none", "augment": "none", "epochs": 1, "head_lr": 1e-6, "fit_head": True}


def test_the_minimum_is_that_of_scikit_learn(tiny):
    recipe = tiny(stages=[STAGE], optim={"batch_size": 4})
    job = assemble(recipe, load_data(recipe))
    with job.train_loader(job.plans[0].stage) as loader:
        batches = list(FrozenFeatures(job, loader).training(0))
    head = job.network.head
    features_ND, labels_N = (torch.cat([getattr(b, name) for b in batches]) for name in ("features_BD", "targets"))
    _minimize(head, batches, strength=0.1)
    theirs = LogisticRegression(C=1 / (0.1 * len(features_ND)), tol=1e-8, max_iter=5000)
    expected_NK = theirs.fit(features_ND.numpy(), labels_N.numpy()).predict_proba(features_ND.numpy())
    with torch.no_grad():
        found_NK = head.eval()(features_ND).softmax(1).numpy()
    assert found_NK == pytest.approx(expected_NK, abs=3e-3)


@pytest.fixture
def numbers(tiny, disc_table):
    """Return a function that makes a recipe of regression."""
    shared = {"data": {"path": str(disc_table)}, "name": "numbers"}
    return lambda **sections: tiny(**shared, **sections | {"task": {"kind": "regression"} | sections.get("task", {})})


@pytest.mark.parametrize("kind", ["tiny", "labelled", "numbers"])
@pytest.mark.parametrize("views", [None, 2])
def test_it_is_better_than_where_heads_begin(kind, views, request, train):
    make = request.getfixturevalue(kind)
    stage = STAGE | ({"views": views, "augment": "light"} if views else {})
    sections = {"evaluate": {"select": "loss"}, "task": {"dropout": 0.5}, "augment": {"mixup": 0.0, "cutmix": 0.0}}
    job, outcome, recorder = train(make(stages=[stage], **sections))
    told = [event.text for event in recorder.of(Notice) if "the head was fitted" in event.text]
    assert len(told) == 1
    _, plain, _ = train(make(stages=[stage | {"fit_head": False}], **sections), "plain")
    assert outcome.val["loss"] < plain.val["loss"]
    assert job.network.head.dropout.training == job.network.training


def test_large_sets_show_fewer_looks_of_each_image():
    assert [fitted_rows(images, 4) for images in (100, 7_500, 10_000, 50_000)] == [400, 30_000, 30_000, 50_000]


def test_it_gives_the_same_twice(tiny, train):
    first, _, _ = train(tiny(stages=[STAGE]), "first")
    second, _, _ = train(tiny(stages=[STAGE]), "second")
    assert torch.equal(first.network.head.linear.weight, second.network.head.linear.weight)


def test_without_kept_features_it_is_told(tiny, train):
    stage = STAGE | {"views": 2, "augment": "light"}
    _, _, recorder = train(tiny(stages=[stage], cache={"memory_gigabytes": 0, "disk_gigabytes": 0}))
    assert any("the head begins as it is, since nothing is kept" in event.text for event in recorder.of(Notice))


@pytest.mark.parametrize("other", [{"unfreeze": 2}, {"augment": "light"}])
def test_it_is_for_stages_that_keep_features(other):
    with pytest.raises(ValueError, match="fit_head: for stages whose features are kept"):
        Stage(**STAGE | other)


def test_a_run_that_is_fitted_has_the_penalty_that_validates_best(tiny):
    recipe = tiny(stages=[STAGE], evaluate={"select": "loss"})
    job = assemble(recipe, load_data(recipe))
    with job.train_loader(job.plans[0].stage) as loader, job.val_loader(job.plans[0].stage) as val:
        kept = FrozenFeatures(job, loader), FrozenFeatures(job, val)
        assert fit_head(job, *kept, epochs=1) in _STRENGTHS
