"""What can be done with a finished run and with its exported file."""

import json
import shutil

import cv2
import numpy as np
import onnxruntime
import PIL.Image
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from tests.conftest import SHAPES, draw
from visionft import Predictor, evaluate, open_run
from visionft.api.training import complete
from visionft.checkpoint import RunFolder
from visionft.errors import CheckpointError, DataError, ExportError, RecipeError, UnknownName
from visionft.recipe import recipe_to_yaml


@pytest.fixture
def copied(finished, tmp_path):
    """A finished run that may be changed."""
    return shutil.copytree(finished, tmp_path / "copied")


@pytest.fixture(scope="module")
def own_images(tiny, image_folder, tmp_path_factory):
    """A finished run with a copy of the images: nobody else needs them."""
    from visionft.api import train

    root = tmp_path_factory.mktemp("own")
    images = shutil.copytree(image_folder, root / "shapes")
    recipe = tiny(data={"path": str(images)}, stages=[{"name": "head", "unfreeze": "none", "steps": 1}])
    train(recipe, out=root / "run", sinks=[])
    return root


def test_predict_takes_what_a_predictor_takes(finished, image_folder):
    run, path = open_run(finished), image_folder / "disc/00.png"
    pixels = np.asarray(PIL.Image.open(path).convert("RGB"))
    found = run.predict([path, str(path), path.read_bytes(), pixels, PIL.Image.fromarray(pixels)])
    assert len({str(one.probabilities) for one in found}) == 1
    assert run.predict(path).probabilities == found[0].probabilities == Predictor(run)(path).probabilities
    with pytest.raises(DataError, match="threshold: "):
        run.predict(path, threshold=0.5)


class TestEvaluate:
    def test_run_and_file_agree(self, finished):
        of_run, of_file = open_run(finished).evaluate(), evaluate(finished / "model.onnx")
        assert of_run.n == of_file.n == len(open_run(finished).samples("test"))
        assert of_run.accuracy == of_file.accuracy
        assert of_run.auroc == pytest.approx(of_file.auroc, abs=1e-6)
        assert of_run.nll == pytest.approx(of_file.nll, abs=1e-5)
        assert of_run.confusion == of_file.confusion

    def test_a_folder_means_the_run_in_it(self, finished):
        assert evaluate(finished) == open_run(finished).evaluate()

    def test_scikit_learn_says_the_same(self, finished):
        predictor, samples = Predictor(finished / "model.onnx"), open_run(finished).samples("test")
        results = predictor([sample.image for sample in samples])
        labels = [sample.target.index for sample in samples]
        probabilities = np.array([list(result.probabilities.values()) for result in results], dtype=np.float64)
        metrics = evaluate(finished / "model.onnx")
        assert metrics.accuracy == accuracy_score(labels, [result.index for result in results])
        areas = [roc_auc_score(np.array(labels) == k, probabilities[:, k]) for k in range(3)]
        assert metrics.auroc == pytest.approx(np.mean(areas), abs=1e-6)

    @pytest.mark.parametrize("split", ["train", "val", "test"])
    def test_every_part(self, finished, split):
        run = open_run(finished)
        assert evaluate(finished, split=split).n == len(run.samples(split))

    def test_a_part_that_there_is_not_is_named(self, finished):
        for measure in (open_run(finished).evaluate, lambda split: evaluate(finished / "model.onnx", split=split)):
            with pytest.raises(UnknownName, match=r"'vall'.*close: val"):
                measure("vall")

    def test_the_result_is_written_with_its_part(self, copied):
        metrics = open_run(copied).evaluate("val")
        written = json.loads((copied / "metrics.json").read_text())
        assert written.pop("split") == "val"
        assert written == metrics.to_dict()

    def test_other_images_with_the_models_classes(self, finished, tmp_path):
        rng = np.random.default_rng(9)
        for shape in SHAPES:
            (tmp_path / "new/test" / shape).mkdir(parents=True)
            for number in range(2):
                cv2.imwrite(str(tmp_path / "new/test" / shape / f"{number}.png"), draw(shape, rng))
        for model in (finished, finished / "model.onnx"):
            assert evaluate(model, data=tmp_path / "new").n == 6

    def test_another_set_of_classes_is_refused(self, finished, image_folder, tmp_path):
        shutil.copytree(image_folder / "bar", tmp_path / "other/bar")
        shutil.copytree(image_folder / "disc", tmp_path / "other/circle")
        with pytest.raises(
            DataError, match=r"its classes are bar, circle; the model's are bar, disc, ring.*circle=bar"
        ):
            evaluate(finished / "model.onnx", data=tmp_path / "other")

    def test_a_part_without_images(self, finished, image_folder, tmp_path):
        shutil.copytree(image_folder, tmp_path / "new/test")
        with pytest.raises(DataError, match="new: no images in the train part"):
            evaluate(finished, data=tmp_path / "new", split="train")

    def test_a_file_that_has_left_its_run(self, finished, tmp_path):
        shutil.copy(finished / "model.onnx", tmp_path)
        with pytest.raises(DataError, match=r"no recipe.yaml beside it.*--data"):
            evaluate(tmp_path / "model.onnx")
        moved = evaluate(tmp_path / "model.onnx", data=finished / "recipe.yaml")
        assert moved == evaluate(finished / "model.onnx")

    def test_no_model(self, tmp_path, tiny):
        with pytest.raises(CheckpointError, match="not a run folder"):
            evaluate(tmp_path)
        with pytest.raises(CheckpointError, match=r"nothing\.onnx: no such file"):
            evaluate(tmp_path / "nothing.onnx", data=tiny().data.path)
        (tmp_path / "junk.onnx").write_bytes(b"not a model")
        with pytest.raises(CheckpointError, match=r"junk\.onnx: onnxruntime cannot load it"):
            evaluate(tmp_path / "junk.onnx", data=tiny().data.path)

    def test_data_that_do_not_exist(self, finished, tmp_path):
        with pytest.raises((DataError, RecipeError), match="nowhere"):
            evaluate(finished, data=tmp_path / "nowhere")


class TestImagesGone:
    """Between training and evaluation."""

    @pytest.fixture
    def without_one(self, own_images):
        run = open_run(own_images / "run")
        path = run.samples("test")[0].image
        data = path.read_bytes()
        path.unlink()
        yield own_images / "run", path
        path.write_bytes(data)

    def test_the_run_says_so(self, without_one):
        run, _ = without_one
        changed = r"run: shapes has changed since the run began: it had \d+ train, .*, now \d+ train"
        for action in (open_run(run).evaluate, open_run(run).report):
            with pytest.raises(DataError, match=changed):
                action()
        with pytest.raises(DataError, match="has changed"):
            evaluate(run)

    def test_deleted_after_the_first_look(self, own_images):
        run = open_run(own_images / "run")
        path = run.samples("test")[0].image
        data = path.read_bytes()
        path.unlink()
        try:
            with pytest.raises(DataError, match=path.name):
                run.evaluate()
        finally:
            path.write_bytes(data)

    def test_all_of_them(self, own_images):
        hidden = (own_images / "shapes").rename(own_images / "elsewhere")
        try:
            with pytest.raises(DataError, match="shapes: no such"):
                evaluate(own_images / "run")
            assert open_run(own_images / "run").spec.class_names == SHAPES  # what needs no images still works
        finally:
            hidden.rename(own_images / "shapes")


class TestOpen:
    def test_junk(self, tmp_path):
        (tmp_path / "file").write_text("")
        for path in (tmp_path, tmp_path / "missing", tmp_path / "file"):
            with pytest.raises(CheckpointError, match="not a run folder"):
                open_run(path)

    def test_an_unfinished_run(self, tiny, tmp_path):
        RunFolder.create(tiny(), tmp_path / "run").record(status="training")
        with pytest.raises(CheckpointError, match=r"training has not finished; go on with it: --resume"):
            open_run(tmp_path / "run")

    @pytest.mark.parametrize("name", ["model.safetensors", "spec.json", "recipe.yaml", "run.json"])
    @pytest.mark.parametrize("content", [b"", b"\xff\xfe{"])
    def test_damaged_files(self, copied, name, content):
        (copied / name).write_bytes(content)
        # an empty recipe is the default one, which names no images
        with pytest.raises((CheckpointError, RecipeError, DataError)) as caught:
            open_run(copied).evaluate()
        assert name in str(caught.value) or name == "recipe.yaml"

    def test_weights_of_another_network(self, copied, tiny):
        (copied / "recipe.yaml").write_text(recipe_to_yaml(tiny(backbone={"name": "test_efficientnet"})))
        with pytest.raises(CheckpointError, match=r"model\.safetensors: does not fit its recipe"):
            open_run(copied).evaluate()


class TestReport:
    def test_everything_is_in_one_page(self, finished):
        page = (finished / "report.html").read_text(encoding="utf-8")
        assert all(shape in page for shape in SHAPES)
        assert "timm/test_resnet" in page
        assert "<script" not in page

    def test_the_same_run_gives_the_same_page(self, copied):
        first = open_run(copied).report().read_text()
        assert open_run(copied).report().read_text() == first


class TestExport:
    def test_what_was_measured_is_written_beside_the_file(self, copied):
        artifact = open_run(copied).export(path=copied / "other.onnx")
        assert artifact.path == copied / "other.onnx"
        assert artifact.parity.passed
        assert artifact.parity.images == len(open_run(copied).samples("val"))
        written = json.loads((copied / "other.onnx.parity.json").read_text())
        assert written.pop("versions")["torch"]
        assert written == {"file": "other.onnx", "runtime": "onnx", **artifact.parity.to_dict()}

    def test_files_of_one_name_each_have_what_was_measured(self, copied):
        for name in ("a.onnx", "a.ort"):
            open_run(copied).export(path=copied / name)
        files = {path.name: json.loads(path.read_text())["file"] for path in copied.glob("a*.parity.json")}
        assert files == {f"{name}.parity.json": name for name in ("a.onnx", "a.ort")}

    def test_the_metadata_are_the_spec(self, finished):
        session = onnxruntime.InferenceSession(finished / "model.onnx")
        text = session.get_modelmeta().custom_metadata_map["visionft.spec"]
        assert json.loads(text) == json.loads((finished / "spec.json").read_text())

    def test_a_failed_gate_leaves_no_file(self, tiny, copied):
        (copied / "recipe.yaml").write_text(recipe_to_yaml(tiny(export={"max_difference": 1e-30})))
        with pytest.raises(ExportError, match=r"new\.onnx: not written: .*export\.min_agreement, \.max_difference and"):
            open_run(copied).export(path=copied / "new.onnx")
        assert not list(copied.glob("*new*"))

    def test_a_refused_export_comes_after_metrics_and_page(self, tiny, copied):
        (copied / "recipe.yaml").write_text(recipe_to_yaml(tiny(export={"max_difference": 1e-30})))
        for name in ("metrics.json", "report.html", "model.onnx"):
            (copied / name).unlink()
        with pytest.raises(ExportError, match="not written"):
            complete(open_run(copied))
        assert (copied / "metrics.json").is_file()
        assert (copied / "report.html").is_file()
        assert not (copied / "model.onnx").exists()

    def test_an_unknown_runtime(self, finished):
        with pytest.raises(UnknownName, match="onnxx"):
            open_run(finished).export("onnxx")

    def test_a_place_that_cannot_be_written(self, finished, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(ExportError, match="cannot be written"):
            open_run(finished).export(path=tmp_path / "file" / "model.onnx")


def test_all_work_after_training_says_when_it_begins(copied):
    told = []
    complete(open_run(copied, sinks=[told.append]))
    begun = [event.what for event in told if event.done == 0]
    assert begun == ["evaluating test", "exporting", "drawing the page"]
    assert {event.what for event in told if event.done == event.total} == set(begun)
