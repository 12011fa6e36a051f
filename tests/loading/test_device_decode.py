"""Files decoded in batches on a device, here on the CPU: as the loader's own decoder and canvas have them."""

from collections import Counter
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from tests.data.everything import KINDS, everything, make_samples
from tests.imaging.pictures import encoded, smooth_picture
from visionft.augment import Augmenter
from visionft.data.targets.boxes import Boxes
from visionft.errors import DataError
from visionft.imaging import decode, to_canvas
from visionft.imaging.pixels import Pixels
from visionft.imaging.placement import place
from visionft.loading import device_decode
from visionft.loading.device_canvas import put_on_canvas
from visionft.loading.device_decode import DeviceDecoder, read_image
from visionft.loading.loader import Loader
from visionft.loading.resident import DecodedImages
from visionft.spec import InputSpec

CPU = torch.device("cpu")
SPEC = InputSpec(height=40, width=56, fit="pad", interpolation="bilinear")

pytestmark = pytest.mark.filterwarnings("ignore:The image decoding and encoding:DeprecationWarning")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def scene(size, seed=0):
    """Return a picture of (width, height), smooth as photographs are."""
    coarse = np.random.default_rng(seed).integers(0, 255, (size[1] // 8 + 2, size[0] // 8 + 2, 3), dtype=np.uint8)
    return Image.fromarray(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC))


def random_cases(number, seed):
    """Yield images and canvases of random sizes; a third of the images are whole multiples of their canvas."""
    rng = np.random.default_rng(seed)
    for case in range(number):
        high, wide = (int(side) for side in rng.integers(8, 120, 2))
        height, width = (int(side) for side in rng.integers(1, 200, 2))
        if case % 3 == 0:
            height, width = (int(times) * side for times, side in zip(rng.integers(1, 5, 2), (high, wide), strict=True))
        fit, crop = ("stretch", "crop", "pad")[case % 9 // 3], float(rng.choice([0.875, 1.0]))
        spec = InputSpec(high, wide, fit, crop, "bilinear" if rng.random() < 0.5 else "bicubic")
        if np.prod(place((width, height), spec).resized) < 1_000_000:
            yield rng.integers(0, 256, (height, width, 3), dtype=np.uint8), spec


def on_canvas(image_HW3, spec, device=CPU):
    return put_on_canvas(torch.from_numpy(image_HW3).permute(2, 0, 1).to(device), spec).cpu().numpy()


def compare(number, seed, device):
    """Return how often values of a kind of canvas are how far from those of the CPU's."""
    found = Counter()
    for image_HW3, spec in random_cases(number, seed):
        off = np.abs(on_canvas(image_HW3, spec, device).astype(int) - to_canvas(image_HW3, spec))
        for far, times in enumerate(np.bincount(off.ravel()).tolist()):
            found[spec.interpolation, far] += times
    return found


def test_the_canvas_is_the_cpus():
    """Bit for bit but for the bicubic filter."""
    found = compare(300, 0, CPU)
    assert max(far for kind, far in found if kind == "bilinear") == 0
    assert max(far for _, far in found) <= 1
    assert found["bicubic", 1] < 0.001 * found["bicubic", 0]
    assert min(found["bilinear", 0], found["bicubic", 0]) > 500_000


@needs_gpu
def test_the_canvas_on_a_gpu_is_the_cpus():
    found = compare(300, 0, torch.device("cuda"))
    assert max(far for kind, far in found if kind == "bilinear") == 0
    assert max(far for _, far in found) <= 1
    assert found["bicubic", 1] < 0.001 * found["bicubic", 0]


def write(path, picture, kind="JPEG", **options):
    path.write_bytes(encoded(picture, kind, **options))
    return path


@pytest.fixture
def files(tmp_path):
    """Image files of every sort, the plain JPEGs first."""
    paths = []
    for orientation in range(1, 9):
        tags = Image.Exif()
        tags[0x0112] = orientation
        paths.append(write(tmp_path / f"turned {orientation}.jpg", scene((90, 50), orientation), exif=tags))
    big = scene((300, 200))
    paths.append(write(tmp_path / "progressive.jpg", big, progressive=True))
    paths.append(write(tmp_path / "grey.jpg", big.convert("L")))
    paths.append(write(tmp_path / "full colour.jpg", big, subsampling=0))
    paths.append(write(tmp_path / "cmyk.jpg", big.convert("CMYK")))
    paths.append(write(tmp_path / "rgb.jpg", big, keep_rgb=True))
    paths.append(write(tmp_path / "png.png", big, "PNG"))
    cv2.imwrite(str(tmp_path / "deep.png"), np.asarray(big).astype(np.uint16) * 257)
    paths.append(tmp_path / "deep.png")
    see_through = big.copy()
    see_through.putalpha(100)
    paths.append(write(tmp_path / "see through.png", see_through, "PNG"))
    return paths


@pytest.mark.parametrize("fit", ["pad", "crop", "stretch"])
def test_every_sort_of_file_is_decoded_as_on_the_cpu(files, fit):
    """Both decoders are libjpeg-turbo here."""
    spec = replace(SPEC, fit=fit)
    read = [read_image(path, spec) for path in files]
    assert [bool(file.data) for file in read] == [True] * 11 + [False] * 5
    for file in read:
        assert file.size == decode(file.path).shape[1::-1]
    canvases = DeviceDecoder(spec, CPU)(read)
    assert (canvases.shape, canvases.dtype) == ((16, 40, 56, 3), torch.uint8)
    for file, canvas in zip(read, canvases.numpy(), strict=True):
        assert np.array_equal(canvas, to_canvas(decode(file.path), spec)), file.path


def test_files_are_decoded_a_few_at_once(files, monkeypatch):
    read = [read_image(path, SPEC) for path in files]
    whole = DeviceDecoder(SPEC, CPU)(read)
    seen = []
    monkeypatch.setattr(device_decode, "_AT_ONCE", 100_000)
    monkeypatch.setattr(
        device_decode,
        "decode_jpeg",
        lambda data, *rest, real=device_decode.decode_jpeg: seen.append(data) or real(data, *rest),
    )
    assert torch.equal(DeviceDecoder(SPEC, CPU)(read), whole)
    assert [len(some) for some in seen] == [9, 1, 1]  # of 90 x 50 pixels but for the last three, of 300 x 200


def test_what_the_device_does_not_take_the_cpu_does(files, monkeypatch):
    """One file that nvJPEG refuses does not change how the others of its batch are decoded."""
    read = [read_image(path, SPEC) for path in files]
    whole = DeviceDecoder(SPEC, CPU)(read)
    taken, real = [], device_decode.decode_jpeg

    def refuse(data, *rest):
        if any(len(one) == len(read[2].data) for one in data):
            raise RuntimeError("Error while decoding JPEG images")
        taken.extend(data)
        return real(data, *rest)

    monkeypatch.setattr(device_decode, "decode_jpeg", refuse)
    assert torch.equal(DeviceDecoder(SPEC, CPU)(read), whole)
    assert len(taken) == 10


def test_memory_that_runs_out_is_told(files, monkeypatch):
    def run_out(*given):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(device_decode, "decode_jpeg", run_out)
    with pytest.raises(torch.OutOfMemoryError):
        DeviceDecoder(SPEC, CPU)([read_image(files[0], SPEC)])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"", "the file is empty"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "the header is cut off or damaged"),
        (encoded(smooth_picture(), "JPEG")[:-20], "the JPEG file is cut off: it has no end marker"),
        (encoded(smooth_picture(), "PNG")[:-20], "the PNG file is cut off: it has no end chunk"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, content, message):
    path = tmp_path / "bad"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_image(path, SPEC)
    assert str(caught.value) == f"{path}: {message}"


def test_a_jpeg_that_only_looks_whole_is_named(tmp_path):
    data = bytearray(encoded(smooth_picture(), "JPEG"))
    tables = data.index(b"\xff\xdb")
    path = tmp_path / "bad.jpg"
    path.write_bytes(data[:tables] + data[data.index(b"\xff\xc0") :])  # without what its numbers are multiplied by
    with pytest.raises(DataError, match=r"bad\.jpg: the JPEG data are damaged"):
        DeviceDecoder(SPEC, CPU)([read_image(path, SPEC)])


def test_a_sliver_is_refused_as_on_the_cpu(tmp_path):
    path = write(tmp_path / "sliver.jpg", Image.new("RGB", (60_000, 1)))
    with pytest.raises(DataError, match=r"sliver\.jpg: 60000 x 1 pixels are too narrow.*use fit: pad"):
        read_image(path, InputSpec(224, 224, "crop"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("strength", ["none", "strong"])
def test_batches_are_the_loaders(tmp_path, kind, strength):
    """Decoded by threads and in advance, with changes drawn for the device; JPEG artefacts are made on the CPU."""
    samples = make_samples(tmp_path, kind, 24)
    fill = (7, 8, 9) if kind in ("boxes", "outlines") else None
    augment = Augmenter(strength, "any", fill, polygons=kind == "outlines", defer_to_device=True)
    with (
        Loader(samples, SPEC, 5, seed=4, augment=augment, training=True) as loader,
        DecodedImages(samples, SPEC, 5, seed=4, augment=augment, device=CPU, threads=3) as there,
    ):
        for epoch, start in ((0, 0), (1, 0), (1, 2)):
            assert everything(there.training(epoch, start)) == everything(loader.training(epoch, start))
        assert everything(there.evaluation()) == everything(loader.evaluation())


def test_a_size_that_nobody_looked_up_is_found(tmp_path):
    samples = make_samples(tmp_path, "boxes", 6)
    unknown = [replace(sample, size=(0, 0)) for sample in samples]
    options = {"seed": 0, "augment": None, "device": CPU, "threads": 1}
    with DecodedImages(samples, SPEC, 6, **options) as one, DecodedImages(unknown, SPEC, 6, **options) as other:
        assert everything(one.evaluation()) == everything(other.evaluation())
    assert any(isinstance(sample.target, Boxes) and len(sample.target) for sample in samples)


def test_a_file_that_vanished_ends_the_epoch(tmp_path):
    samples = make_samples(tmp_path, "labels", 12)
    samples[7].image.unlink()
    with DecodedImages(samples, SPEC, 2, seed=0, augment=None, device=CPU, threads=2) as there:
        batches = there.evaluation()
        assert [len(next(batches)) for _ in range(3)] == [2, 2, 2]
        with pytest.raises(DataError) as caught:
            next(batches)
    assert str(caught.value) == f"{samples[7].image}: cannot be read (No such file or directory)"


def test_a_pass_that_is_given_up_leaves_no_trace(tmp_path):
    samples = make_samples(tmp_path, "labels", 12)
    with DecodedImages(samples, SPEC, 2, seed=0, augment=None, device=CPU, threads=2) as there:
        whole = everything(there.training(0))
        next(there.training(1))
        assert everything(there.training(0)) == whole
    with pytest.raises(RuntimeError):
        next(there.training(0))


@needs_gpu
def test_nvjpeg_sees_the_same_pictures(files):
    """It rounds otherwise, and enlarges colours otherwise; what it does not take is decoded on the CPU as ever."""
    read = [read_image(path, SPEC) for path in files]
    canvases = DeviceDecoder(SPEC, torch.device("cuda"))(read).cpu().numpy()
    for file, canvas in zip(read, canvases, strict=True):
        off = np.abs(canvas.astype(int) - to_canvas(decode(file.path), SPEC))
        assert off.mean() < 2, file.path
        assert file.data or not off.any()


@needs_gpu
@pytest.mark.parametrize("kind", KINDS)
def test_nvjpegs_batches_do_not_depend_on_what_is_ahead(tmp_path, kind):
    """Memory that is freed while others still read from it would show here."""
    samples = make_samples(tmp_path, kind, 40, size=(640, 480))
    device = torch.device("cuda")
    with DecodedImages(samples, SPEC, 8, seed=0, augment=None, device=device, threads=4) as there:
        first = everything(there.training(0))
        for _ in range(5):
            batches = []
            for batch in there.training(0):
                torch.rand(4096, 4096, device=device).matmul(torch.rand(4096, 4096, device=device))
                batches.append(batch)
            assert everything(batches) == first
        alone = {batch.ids[row]: batch.images_BHW3[row] for batch in there.training(0) for row in range(len(batch))}
        for batch in there.evaluation():  # in other company
            assert all(
                torch.equal(image, alone[name]) for image, name in zip(batch.images_BHW3, batch.ids, strict=True)
            )


def test_an_image_in_memory_is_put_on_its_canvas_here():
    image = Pixels(np.random.default_rng(0).integers(0, 256, (9, 14, 3), dtype=np.uint8), "a")
    file = read_image(image, SPEC)
    assert (file.size, file.data) == ((14, 9), b"")
    assert np.array_equal(DeviceDecoder(SPEC, torch.device("cpu"))([file])[0], to_canvas(image.array, SPEC))
