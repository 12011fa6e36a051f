"""What ``visionft probe`` prints."""

import pytest

QUICK = ["runtime.device=cpu", "runtime.precision=fp32", "evaluate.bootstrap=20"]
SET = [part for text in QUICK for part in ("--set", text)]


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """Where features are kept, so that one pass serves all tests."""
    return tmp_path_factory.mktemp("probe")


def test_a_table_for_people(visionft, image_folder, out):
    given = "test_resnet:none,resnet18:/no/such/file.pth"
    result = visionft("probe", image_folder, "--backbones", given, "--out", out, *SET)
    assert result.code == 0
    lines = result.out.splitlines()
    assert next(line for line in lines if line.startswith("backbone")).split()[1] == "accuracy"
    score, low, to, high = next(line for line in lines if line.startswith("test_resnet:none ")).split()[1:5]
    assert to == "to"
    assert float(low) <= float(score) <= float(high)
    assert any(line.startswith("resnet18:/no/such/file.pth: ") for line in lines)
    assert (out / "probe.html").is_file()
    assert "test_resnet:none: 72 images" in result.err


def test_json(visionft, image_folder, out):
    result = visionft("probe", image_folder, "--backbones", "test_resnet:none", "--out", out, "--json", *SET)
    assert result.code == 0
    assert result.json["rows"][0]["score"] > 0.5
    assert result.json["page"] == str(out / "probe.html")


def test_nothing_that_can_be_probed_is_a_message(refused, image_folder):
    assert "no such file" in refused("probe", image_folder, "--backbones", "resnet18:/no/such/file.pth", *SET)
    assert "backbones" in refused("probe", image_folder, "--backbones", ",", *SET)
