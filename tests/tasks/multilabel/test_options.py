import pytest

from visionft.errors import RecipeError
from visionft.recipe import load_recipe, recipe_to_yaml
from visionft.tasks.multilabel.options import MultilabelOptions


class Counts:
    """A data set that only knows how many images have each label."""

    def class_counts(self, split):
        return [3, 1]

    def split(self, split):
        return range(8)


@pytest.fixture
def load(tmp_path):
    def load(task):
        path = tmp_path / "a.yaml"
        path.write_text(f"task: {{kind: multilabel, {task}}}\n")
        return load_recipe(path)

    return load


def test_the_defaults_of_the_task_are_those_of_its_recipe(load):
    recipe = load("dropout: 0.1")
    assert recipe.input.fit == "pad"
    assert recipe.select == "map"
    assert recipe.task == MultilabelOptions(dropout=0.1)
    assert load_recipe("multilabel").task == MultilabelOptions()


def test_what_the_learner_is_made_with(load):
    assert load("head: linear").task.learner_arguments(Counts()) == {
        "head": "linear",
        "dropout": 0.2,
        "loss": "bce",
        "loss_options": {},
        "positives": None,
        "precision": None,
    }
    made = load("loss: asymmetric, gamma: 2, margin: 0, class_weights: balanced, thresholds: {precision: 0.9}")
    arguments = made.task.learner_arguments(Counts())
    assert arguments["loss_options"] == {"gamma_absent": 2.0, "margin": 0.0}
    assert arguments["positives"] == ([3, 1], 8)
    assert arguments["precision"] == 0.9
    assert load("loss: focal, gamma: 3").task.learner_arguments(Counts())["loss_options"] == {"gamma": 3.0}


def test_a_recipe_is_written_as_it_is_read(load, tmp_path):
    recipe = load("thresholds: {precision: 0.9}, loss: focal, gamma: 1.5")
    (tmp_path / "b.yaml").write_text(recipe_to_yaml(recipe))
    assert load_recipe(tmp_path / "b.yaml") == recipe


@pytest.mark.parametrize(
    ("task", "part"),
    [
        ("loss: bcee", r"a.yaml:1: task.loss: .*close: bce"),
        ("losss: bce", r"task.losss: unknown key; did you mean 'loss'\?"),
        ("gamma: 2", r"a.yaml:1: task.gamma: is for the loss focal or asymmetric, not for bce; leave it out"),
        ("loss: focal, margin: 0.1", r"task.margin: is for the loss asymmetric, not for focal; leave it out"),
        ("loss: focal, gamma: -1", r"task.gamma: should be greater than or equal to 0"),
        ("thresholds: f2", r"task.thresholds"),
        ("thresholds: {precision: 1.5}", r"task.thresholds"),
        ("thresholds: {}", r"task.thresholds"),
        ("thresholds: {recall: 0.5}", r"task.thresholds"),
        ("losses: {dice: 1}", r"task.losses: is for segmentation, not for multilabel"),
        ("label_smoothing: 0.1", r"task.label_smoothing: is for classification and segmentation, not for multilabel"),
    ],
)
def test_mistakes_are_told_with_their_line(load, task, part):
    with pytest.raises(RecipeError, match=part):
        load(task)


def test_options_of_a_loss_may_be_given_by_either_name_but_not_both(load):
    task = load("loss: asymmetric, loss_options: {gamma_absent: 3}, margin: 0.1").task
    assert task.learner_arguments(Counts())["loss_options"] == {"gamma_absent": 3, "margin": 0.1}
    with pytest.raises(RecipeError, match=r"task.loss_options.margin: is given twice"):
        load("loss: asymmetric, loss_options: {margin: 0.2}, margin: 0.1")
