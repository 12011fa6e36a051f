from pathlib import Path

import pytest

from visionft.errors import RecipeError, UnknownName
from visionft.recipe import Recipe, load_recipe, recipe_from_data, recipe_to_yaml


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(text, name="a.yaml"):
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_an_empty_file_is_the_default_recipe(write):
    assert load_recipe(write("")) == Recipe()


def test_every_mistake_is_reported_at_once_with_its_line(write):
    path = write(
        """\
name: two words
sede: 1
data:
  val_fracton: 0.2
stages:
  - name: head
    epoch: 3
    unfreeze: none
  - name: all
    epochs: -1
    unfreeze: {a: 1}
task:
  kind: clasification
"""
    )
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    lines = str(caught.value).splitlines()
    assert [line.split(":")[1] for line in lines] == ["1", "2", "4", "7", "10", "11", "13"]
    assert "sede: unknown key; did you mean 'seed'?" in lines[1]
    assert "data.val_fracton: unknown key; did you mean 'val_fraction'?" in lines[2]
    assert "stages[0].epoch: unknown key; did you mean 'epochs'?" in lines[3]
    assert "stages[1].epochs: should be greater than 0, found -1" in lines[4]
    assert "stages[1].unfreeze" in lines[5]
    assert "'none', 'all' or 'auto'" in lines[5]
    assert "task.kind: task 'clasification': no such task; close: classification" in lines[6]


def test_a_key_that_resembles_none_shows_the_known_ones(write):
    with pytest.raises(RecipeError, match=r"a.yaml:1: zzz: unknown key; known: name, seed, data"):
        load_recipe(write("zzz: 1"))


def test_a_stage_without_length(write):
    with pytest.raises(RecipeError, match=r"a.yaml:2: stages\[0\]: give its length as either 'epochs' or 'steps'"):
        load_recipe(write("stages:\n  - name: head\n"))


def test_two_stages_of_one_name(write):
    with pytest.raises(RecipeError, match="two are called 'a'"):
        load_recipe(write("stages: [{name: a, epochs: 1}, {name: a, epochs: 1}]"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed: [1", r"a.yaml:1: not valid YAML"),
        ("seed: 1\nseed: 2", r"a.yaml:2: not valid YAML: key 'seed' is given twice"),
        ("- 1", r"a mapping of keys to values; found list"),
        ("a: &x 1\nb: *x", r"a.yaml:2: not valid YAML: aliases"),
        ("seed: !!python/object/apply:os.system ['true']", r"a.yaml:1: not valid YAML"),
        ("seed: \x00", r"not valid YAML"),
    ],
)
def test_bad_yaml(write, text, message):
    with pytest.raises(RecipeError, match=message):
        load_recipe(write(text))


def test_a_file_that_is_not_text(write):
    path = write("")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match=r"a.yaml: cannot be read"):
        load_recipe(path)


def test_scientific_notation_is_a_number(write):
    assert load_recipe(write("optim: {weight_decay: 1e-3}")).optim.weight_decay == 0.001


def test_overrides_reach_stages_by_index_and_by_name(write):
    path = write("stages: [{name: head, epochs: 1}, {name: top, epochs: 2}]")
    changed = load_recipe(path, ["stages.top.epochs=5", "stages[0].head_lr=0.5", "optim.batch_size=7", "seed=3"])
    assert (changed.stages[1].epochs, changed.stages[0].head_lr) == (5, 0.5)
    assert (changed.optim.batch_size, changed.seed) == (7, 3)


def test_overrides_reach_the_default_stages(write):
    assert load_recipe(write(""), ["stages.head.epochs=9"]).stages[0].epochs == 9


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seed", "--set seed: write it as key=value"),
        ("seed=x", "--set seed=x: seed: should be a valid integer"),
        ("optim.batchsize=3", r"--set optim.batchsize=3: optim.batchsize: unknown key; did you mean 'batch_size'"),
        ("stages.hed.epochs=3", "--set stages.hed.epochs: stage 'hed': no such stage; close: head"),
        ("stages[9].epochs=3", r"stages\[9\]"),
        ("seed.x.y=3", "seed holds no further keys"),
    ],
)
def test_bad_overrides(write, override, message):
    with pytest.raises(RecipeError, match=message):
        load_recipe(write("seed: 1"), [override])


def test_extends_merges_mappings_and_replaces_lists(write):
    write("seed: 5\noptim: {batch_size: 8, weight_decay: 0.5}\nstages: [{name: a, epochs: 1}]", "base/b.yaml")
    path = write("extends: base/b.yaml\noptim: {batch_size: 4}\nstages: [{name: z, epochs: 2}]")
    recipe = load_recipe(path)
    assert (recipe.seed, recipe.optim.batch_size, recipe.optim.weight_decay) == (5, 4, 0.5)
    assert [stage.name for stage in recipe.stages] == ["z"]


def test_mistakes_keep_the_line_of_the_file_they_are_in(write):
    write("seed: 5\noptim:\n  batch_size: none\n", "b.yaml")
    with pytest.raises(RecipeError) as caught:
        load_recipe(write("extends: b.yaml\nsead: 1"))
    assert [line.split(": ")[0] for line in str(caught.value).splitlines()] == ["a.yaml:2", "b.yaml:3"]


def test_extends_itself(write):
    write("extends: a.yaml", "b.yaml")
    with pytest.raises(RecipeError, match="extends itself"):
        load_recipe(write("extends: b.yaml"))


def test_extends_nothing_known(write):
    with pytest.raises(RecipeError, match=r"a.yaml:1: extends: gone.yaml: no such file"):
        load_recipe(write("extends: gone.yaml"))


def test_paths_in_a_file_are_relative_to_it_and_on_the_command_line_to_the_folder(write, tmp_path):
    path = write("data: {path: images}\nbackbone: {weights: w.safetensors}\ncache: {folder: kept}", "deep/a.yaml")
    recipe = load_recipe(path)
    assert recipe.cache.folder == tmp_path / "deep" / "kept"
    assert recipe.data.path == tmp_path / "deep" / "images"
    assert recipe.backbone.weights == str(tmp_path / "deep" / "w.safetensors")
    assert load_recipe(path, ["data.path=other"]).data.path == tmp_path / "other"


def test_words_for_weights_are_not_paths(write):
    assert load_recipe(write("backbone: {weights: none}")).backbone.weights == "none"


def test_a_resolved_recipe_reads_back_the_same(write):
    recipe = load_recipe("solar_cells", ["seed=4", "data.classes=[ä, '<b>']"])
    assert load_recipe(write(recipe_to_yaml(recipe))) == recipe


def test_recipe_from_a_folder_takes_its_name(tmp_path):
    folder = tmp_path / "my images (old)"
    recipe = recipe_from_data(folder)
    assert (recipe.name, recipe.data.path) == ("my-images-old", folder)


def test_unknown_names():
    with pytest.raises(UnknownName, match="recipe 'solar_cell': no such recipe; close: solar_cells"):
        load_recipe("solar_cell")
    with pytest.raises(RecipeError, match=r"nope/there.yaml: no such file"):
        load_recipe("nope/there.yaml")


@pytest.mark.parametrize("mixed", ["mosaic", "mixup"])
@pytest.mark.parametrize("before", ["", "{name: a, epochs: 1, augment: none}, "])
def test_mixing_needs_a_stage_that_augments_before_the_last(mixed, before):
    with pytest.raises(RecipeError, match=f"augment.{mixed}: happens in stages that augment, but for the last one"):
        load_recipe("detection", [f"augment.{mixed}=0.5", f"stages=[{before}{{name: b, epochs: 1}}]"])


@pytest.mark.parametrize(
    ("task", "section", "message"),
    [
        ("classification", "{mosaic: 0.1}", "augment.mosaic: not for classification; leave it out, or take mixup or"),
        ("classification", "{mixup: 0.7, cutmix: 0.5}", "augment: mixup 0.7 and cutmix 0.5, which are never both"),
        ("segmentation", "{mixup: 0.1}", "augment.mixup: not for segmentation; leave it out$"),
        ("segmentation", "{cutmix: 0.1}", "augment.cutmix: not for segmentation; leave it out$"),
        ("detection", "{cutmix: 0.1}", "augment.cutmix: not for detection; leave it out, or take mosaic or mixup"),
        ("classification", "{cutmix: 1.5}", "augment.cutmix: should be less than or equal to 1"),
    ],
)
def test_each_task_has_its_own_mixing(write, task, section, message):
    with pytest.raises(RecipeError, match=message):
        load_recipe(write(f"task: {{kind: {task}}}\naugment: {section}\n"))


def test_classes_are_mixed_only_where_a_stage_augments(write):
    stages = "stages: [{name: all, epochs: 1, augment: none}]"
    with pytest.raises(RecipeError, match=r"augment\.mixup: no stage augments; set augment in one"):
        load_recipe(write(f"augment: {{mixup: 0.5}}\n{stages}"))
    assert load_recipe(write(f"augment: {{mixup: 0.5, cutmix: 0.5}}\n{stages.replace('none', 'light')}"))


@pytest.mark.parametrize("task", ["segmentation", "detection", "instance_segmentation"])
def test_a_recipe_without_a_parent_has_the_defaults_of_its_task(write, task):
    own = load_recipe(write(f"task: {{kind: {task}}}\nseed: 7\n"))
    shipped = load_recipe(task)
    assert (own.stages, own.optim, own.task, own.seed) == (shipped.stages, shipped.optim, shipped.task, 7)
    stages = load_recipe(write(f"task: {{kind: {task}}}\nstages: [{{name: a, steps: 3}}]\n")).stages
    assert [stage.name for stage in stages] == ["a"]


def test_what_was_written_has_no_other_defaults(write):
    recipe = load_recipe("segmentation", ["task.losses={dice: 0.5}", "optim.ema=null", "stages.all.patience=null"])
    assert load_recipe(write(recipe_to_yaml(recipe))) == recipe


@pytest.mark.parametrize(("old", "new"), [("epochs", "steps"), ("steps", "epochs")])
def test_a_length_on_the_command_line_takes_the_place_of_the_other(write, old, new):
    path = write(f"stages: [{{name: head, {old}: 5}}]")
    stage = load_recipe(path, [f"stages.head.{new}=2"]).stages[0]
    assert (getattr(stage, new), getattr(stage, old)) == (2, None)
    assert load_recipe(path, [f"stages.head.{old}=null", f"stages.head.{new}=2"]).stages[0] == stage
    assert load_recipe(path, [f"stages.head.{new}=2", f"stages.head.{old}=null"]).stages[0] == stage


def test_two_lengths_on_the_command_line(write):
    for several in (["stages.head.epochs=2", "stages.head.steps=2"], ["stages.head.steps=2", "stages.head.epochs=2"]):
        with pytest.raises(RecipeError, match="either 'epochs' or 'steps'"):
            load_recipe(write("stages: [{name: head, epochs: 5}]"), several)


def test_a_task_has_its_own_keys_and_every_mistake_has_its_line(write):
    text = "task:\n  kind: detection\n  losses: {dice: 1}\n  hed: dense\n  dropout: 3\n  head: linea\n"
    with pytest.raises(RecipeError) as caught:
        load_recipe(write(text))
    assert str(caught.value).splitlines() == [
        "a.yaml:3: task.losses: is for segmentation, not for detection; leave it out",
        "a.yaml:4: task.hed: unknown key; did you mean 'head'?",
        "a.yaml:5: task.dropout: should be less than 1, found 3",
        "a.yaml:6: task.head: head 'linea': no such head; close: linear, lite, linknet",
    ]


def test_a_printed_recipe_takes_another_task(write):
    """Keys of the former task at their defaults say nothing."""
    printed = recipe_to_yaml(load_recipe(write("task: {kind: segmentation}")))
    changed = load_recipe(write(printed), ["task.kind=detection", "evaluate.select=null"])
    assert (changed.task.kind, changed.task.head) == ("detection", None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("task: 3", r"a.yaml:1: task: a section is a mapping of keys to values"),
        ("task: {kind: [a]}", r"a.yaml:1: task.kind: task \"\['a'\]\": no such task; known: classification"),
        ("task: {kind: null}", r"a.yaml:1: task.kind: task 'None': no such task"),
        ("evaluate:\n  select: mep", r"a.yaml:2: evaluate.select: mep is not measured for classification; choose loss"),
    ],
)
def test_what_is_no_task(write, text, message):
    with pytest.raises(RecipeError, match=message):
        load_recipe(write(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("optim:\n  name: sdg\n", r"a.yaml:2: optim.name: optimizer 'sdg': no such optimizer; close: sgd"),
        (
            "optim:\n  name: sgd\n  options:\n    momentun: 1\n",
            r"a.yaml:4: optim.options.momentun: .*'momentum'",
        ),
        ("optim:\n  name: adahessian\n", r"a.yaml:2: optim.name: adahessian needs second derivatives"),
        ("optim:\n  name: sgd\n  betas: [0.9, 0.99]\n", r"a.yaml:3: optim.betas: unknown option"),
        ("task:\n  loss: focl\n", r"a.yaml:2: task.loss: loss 'focl': no such loss; close: focal"),
        ("task:\n  loss: focal\n  loss_options:\n    gama: 3\n", r"a.yaml:4: task.loss_options.gama: .*'gamma'"),
        ("task:\n  loss: focal\n  loss_options:\n    gamma: -3\n", r"a.yaml:3: task.loss_options: .*gamma is -3"),
        ("task:\n  loss: focal\n  label_smoothing: 0.1\n", r"a.yaml:3: task.label_smoothing: is for the loss"),
        (
            "task:\n  kind: segmentation\n  losses: {dice: 1}\n  loss_options:\n    focal: {gamma: 3}\n",
            r"a.yaml:5: task.loss_options.focal: is not among task.losses",
        ),
        ("stages:\n- name: a\n  epochs: 1\n  schedule: stpe\n", r"a.yaml:4: stages\[0\].schedule: .*close: step"),
        (
            "stages:\n- name: a\n  epochs: 1\n  schedule: step\n  schedule_options:\n    gama: 1\n",
            r"a.yaml:6: stages\[0\].schedule_options.gama: .*'gamma'",
        ),
        ("data:\n  sampling: even\n", r"a.yaml:2: data.sampling: .*'natural'"),
    ],
)
def test_a_wrong_choice_is_told_with_its_line(tmp_path, text, message):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(RecipeError, match=message):
        load_recipe(tmp_path / "a.yaml")


def test_a_printed_recipe_can_be_given_another_task(tmp_path):
    (tmp_path / "a.yaml").write_text(recipe_to_yaml(Recipe()))
    assert load_recipe(tmp_path / "a.yaml", ["task.kind=detection"]).task.kind == "detection"
