"""The sections of a recipe: every key, its type, its range and its default.

The attribute docstrings are the documentation: the JSON schema for editors carries them.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from visionft.catalog import NameIn
from visionft.data.formats import FORMATS
from visionft.data.listing import Columns, CornerCoding, MaskSize, OnBadBox
from visionft.recipe.task_section import problem
from visionft.spec import Fit
from visionft.stages import Sampling, Size, Transforms

Fraction = Annotated[float, Field(ge=0, lt=1)]
Byte = Annotated[int, Field(ge=0, le=255)]
Colour = tuple[Byte, Byte, Byte]
MaskValue = Annotated[int, Field(ge=0, le=65535)] | Colour


class Section(BaseModel):
    """A frozen part of a recipe that knows exactly its own keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, validate_default=True)


def _texts(given: Any) -> Any:
    """Return one text or number, or a list of some, as texts."""
    several = given if isinstance(given, list | tuple) else [given]
    plain = all(isinstance(one, str | int | float) for one in several)
    return [str(one) for one in several] if plain else given


Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]


class ColumnsSection(Section):
    """What the columns of a table are called, where their names do not tell."""

    image: str | None = None
    """The column that names the images; none looks for path, filename, image, image_id and the like."""
    label: str | None = None
    """The column of the label, or of several; none looks for label, class, category, target and the like."""
    split: str | Literal[False] | None = None
    """The column of the splits; none looks for split, subset, partition, is_valid and the like; false reads none."""
    train: Texts = ()
    """What stands in that column for training images, such as [0, 1, 2]; where it is given, rows that are in none of
    the three are left out, and else they train."""
    val: Texts = ()
    """What stands there for validation images: 4, or [dev, eval]."""
    test: Texts = ()
    """What stands there for test images."""

    @property
    def options(self) -> Columns:
        """What data formats are told."""
        return Columns(**dict(self))


class DataSection(Section):
    """Which images, and how they are split."""

    path: Path | None = None
    """Folder of images, CSV manifest, or nothing for a format that brings its own images."""
    format: Annotated[str, NameIn(FORMATS)] | Literal["auto", "memory"] = "auto"
    """How the labels are stored; auto looks at the path. memory says that a Python program handed images and labels
    over, which then has to be done again where the run is opened."""
    classes: tuple[str, ...] | dict[str, MaskValue | tuple[MaskValue, ...]] | None = None
    """Class names in label order; none takes them from the data. For masks, name n of a list is the mask value n; a
    mapping says which value or colour (or several) of the masks each class has."""
    ignore: tuple[MaskValue, ...] = ()
    """Values or colours of the masks that belong to no class; 255 is one unless it is a class."""
    images: str | None = None
    """For masks: a pattern of image files below the path, such as **/{name}_RAW.jpg; none knows the usual layouts. For
    a COCO JSON or a table: the folder of its pictures, relative to it."""
    masks: str | None = None
    """For masks: the pattern of the mask of the image called {name}, such as **/{name}_CRACK.png."""
    mask_threshold: Annotated[float, Field(gt=0, le=65535)] | None = None
    """For masks of two classes: values from this on are the second class, others the first, as in JPEGs and in masks
    that were resized smoothly; none reads values as they are, and finds it where all are nearly black or white."""
    mask_size: MaskSize = "same"
    """For masks of another size than their image: same leaves them out, told; resize brings those that have the image's
    shape, such as masks at half its resolution, to its size, by the value at the centre of each pixel."""
    separator: Annotated[str, Field(min_length=1)] | None = None
    """For several labels in one text: what stands between them; none finds it."""
    columns: ColumnsSection = ColumnsSection()
    """For a table: what its columns are called, and which texts name the splits."""
    corners: CornerCoding | None = None
    """For Pascal VOC's XML files: what xmin, ymin, xmax, ymax are. pascal is the first and last pixel, counted from 1;
    zero_based the same, counted from 0; edges is what lies between pixels, from 0 to the image's width. None takes
    pascal, and tells where corners are at 0."""
    range: Literal["auto", "bits"] | Annotated[int, Field(ge=8, le=16)] | tuple[float, float] = "auto"
    """For image files of more than 8 bits: which values are black and white. auto looks at the training images: values
    that fit 8, 10, 12 or 14 bits are read as such, others by the full scale of 16 bits, which bits always takes; or a
    number of bits, or [lowest, highest], which floating point needs. It is kept with the model."""
    alpha: Literal["composite", "ignore"] | None = None
    """What a fourth channel of image files is: composite puts what is transparent in front of white; ignore drops it,
    where it is no opacity, such as near infrared; none composites, and asks where it hardly looks like opacity."""
    val_fraction: Fraction = 0.15
    """Fraction of the training images, per class, that validation takes where the data gives no validation split."""
    test_fraction: Fraction = 0.15
    """Fraction of all images, per class, that testing takes where the data gives no splits at all."""
    on_bad_box: OnBadBox = "drop"
    """drop goes on without boxes that have no area or lie outside their image, and names them; fail stops."""
    sampling: Sampling = "natural"
    """How often each training image is drawn in an epoch, which always draws as many as there are: natural draws each
    once; balanced draws each the oftener, the rarer its rarest class is, so that where images have one class all
    classes are drawn alike; square_root lies between the two (repeat factors of Gupta et al. 2019, LVIS,
    arXiv:1908.03195). A stage may have its own."""
    strict: bool = False
    """Stop at the first look when any file cannot be used, instead of going on without it."""

    @model_validator(mode="after")
    def _range_has_an_extent(self) -> "DataSection":
        if isinstance(self.range, tuple) and not self.range[0] < self.range[1]:
            text = f"[{self.range[0]:g}, {self.range[1]:g}] has no extent; give the lowest value first, as [0, 4095]"
            raise ValidationError.from_exception_data("data", [problem(("range",), None, text)])
        return self


class BackboneSection(Section):
    """The pretrained network."""

    name: Annotated[str, Field(min_length=1)] = "tf_efficientnet_lite0"
    """A timm or torchvision network, as timm/NAME, torchvision/NAME or NAME; or timm's name of a repository or a folder
    with its config.json, as hf-hub:OWNER/NAME or local-dir:/PATH."""
    weights: Annotated[str, Field(min_length=1)] = "pretrained"
    """pretrained (hub cache, pip package, network), package (pip package only), none, or a path: a file as training
    scripts write it (safetensors, .pth, .ckpt; wrapped or not), or the folder of a run, whose backbone is taken."""
    drop_path: Fraction = 0.0
    """Stochastic depth rate, for networks that have it (Huang et al. 2016, arXiv:1603.09382)."""


class InputSection(Section):
    """How an image file becomes the network's input; what is left out comes from the weights."""

    size: Size | None = None
    """Canvas in pixels: side of a square or [height, width]; none takes the size that the weights were made for, and
    for masks and boxes that of the images, up to 512 pixels. Where that shrinks a quarter of the boxes to less than 16
    pixels, it is up to 768 pixels, or windows of the images are taken."""
    fit: Fit | None = None
    """stretch to the canvas, crop the centre, pad with the mean colour, or tile: a window at the image's own
    resolution; none crops for classification, and pads where nothing may be cut off, or tiles where that makes boxes
    too small."""
    crop_pct: Annotated[float, Field(gt=0, le=1)] | None = None
    """Fraction of the resized image's sides that a centre crop keeps."""
    overlap: Fraction = 0.25
    """For tile: least fraction of its side by which a window overlaps the next."""
    decode: Literal["full", "reduced", "auto"] = "full"
    """Whether JPEGs that are much larger than the canvas are decoded at their size, or reduced to a half, a quarter or
    an eighth by the codec, several times as fast; pixels on the canvas differ by a few levels. auto reduces where half
    of the training images are JPEGs at least four times as large as needed, which is kept with the model. Windows
    (tile) are always decoded in full."""


UnitInterval = Annotated[float, Field(ge=0, le=1)]


class RangesSection(Section):
    """How far each change goes, in the place of the strength's own value, in every stage that augments; none keeps it.

    Changes are drawn evenly from these ranges, for each image anew.
    """

    zoom: UnitInterval | None = None
    """For images: enlarged to 1 + zoom at most, shrunk to 1 - zoom / 2."""
    spread: Annotated[float, Field(ge=0, le=3)] | None = None
    """For objects: enlarged to 1 + spread at most, shrunk to 1 / (1 + spread), and moved as far as that leaves room."""
    shift: Annotated[float, Field(ge=0, le=0.5)] | None = None
    """Largest shift of the image each way, as a fraction of its side."""
    rotate: Annotated[float, Field(ge=0, le=180)] | None = None
    """Degrees that it is turned at most, each way."""
    shear: Annotated[float, Field(ge=0, le=45)] | None = None
    """Degrees that its sides are inclined at most, each way."""
    stretch: UnitInterval | None = None
    """Its width grows against its height by 1 + stretch at most, or its height against its width; the area stays."""
    perspective: Annotated[float, Field(ge=0, le=0.3)] | None = None
    """Largest fraction by which one of its edges is shrunk and the opposite one enlarged, as if seen from the side."""
    brightness: Annotated[float, Field(ge=0, le=0.9)] | None = None
    """Factor of 1 - brightness to 1 + brightness on all colours."""
    contrast: Annotated[float, Field(ge=0, le=0.9)] | None = None
    """Factor of 1 - contrast to 1 + contrast on differences from the mean grey."""
    saturation: UnitInterval | None = None
    """Factor of 1 - saturation to 1 + saturation on differences from grey."""
    hue: Annotated[float, Field(ge=0, le=0.5)] | None = None
    """Largest turn of the hue each way, as a fraction of the colour circle; 0.5 is every colour."""
    gamma: Annotated[float, Field(ge=0, le=2)] | None = None
    """Exponent of 1 / (1 + gamma) to 1 + gamma on values between 0 and 1."""
    grey: UnitInterval | None = None
    """Probability that an image loses all colour."""
    degrade: UnitInterval | None = None
    """Probability that an image gets blur, noise or JPEG artefacts."""
    erase: UnitInterval | None = None
    """Probability that one to three rectangles of an image turn grey."""

    @property
    def given(self) -> dict[str, float]:
        """The keys that have a value."""
        return self.model_dump(exclude_none=True)


class FeaturesSection(Section):
    """What may happen to kept activations, in stages with views: in every epoch anew, at next to no cost."""

    mixup: UnitInterval = 0.0
    """For labels of whole images: probability that the activations of an image are blended with those of the next of
    the batch, and their labels alike (Verma et al. 2019, manifold mixup, arXiv:1806.05236)."""
    cutmix: UnitInterval = 0.0
    """Likewise, that a rectangle of them is the next one's, where they are maps; with mixup at most 1."""
    dropout: Fraction = 0.0
    """Probability that a channel is 0; what is left is enlarged accordingly (Tompson et al. 2015, arXiv:1411.4280)."""
    brightness: UnitInterval = 0.0
    """Largest shift of a channel each way, as a fraction of the range of an image's activations (Baer et al. 2024,
    FroFA, arXiv:2403.10519; so are the next two)."""
    contrast: Annotated[float, Field(ge=0, le=0.9)] = 0.0
    """Factor of 1 - contrast to 1 + contrast on a channel's differences from the mean of the activations."""
    posterize: Annotated[int, Field(ge=1, le=8)] | None = None
    """Each channel is rounded to a number of bits between this and 8; none leaves it."""

    @property
    def given(self) -> tuple[str, ...]:
        """The keys that do something."""
        return tuple(name for name, value in self.model_dump().items() if value)


class AugmentSection(Section):
    """What may happen to a training image; each stage sets the strength."""

    orientation: Literal["fixed", "upright", "any"] = "upright"
    """fixed never flips (text, digits); upright flips left-right; any also flips and turns by 90 degrees."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where it is done: cpu, by the processes that load; or cuda, a batch at a time where the network trains. auto
    measures both in the first batches where there is CUDA, takes the faster one and writes it down. Pixels of the two
    may differ by rounding."""
    mosaic: Annotated[float, Field(ge=0, le=1)] = 0.0
    """For objects: probability that a training image is a mosaic of four (Bochkovskiy et al. 2020,
    arXiv:2004.10934); in stages that augment, but for the last, which sees images as they are."""
    mixup: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Probability that a training image is blended with another. For labels of whole images that is the next of the
    batch, their labels too (Zhang et al. 2018, arXiv:1710.09412), in every stage that augments; for objects,
    as a second image with all of its boxes (Zhang et al. 2019, arXiv:1902.04103), where mosaic happens."""
    cutmix: Annotated[float, Field(ge=0, le=1)] = 0.0
    """For labels of whole images: probability that a rectangle of a training image shows the next of the batch, whose
    label counts by its area (Yun et al. 2019, arXiv:1905.04899), in every stage that augments; with mixup at most 1."""
    features: FeaturesSection = FeaturesSection()
    """What may happen to what the frozen layers gave, where a stage keeps it (views)."""
    ranges: RangesSection = RangesSection()
    """How far single changes go, where the strength's own value does not fit; not with the strength auto."""
    extra: Transforms = ()
    """Transforms of albumentations 2.0.8 by the name of their class, each with its arguments, such as {CLAHE:
    {clip_limit: 2}}; done one after the other, each with its own p, after everything else that happens to an image
    alone, in every stage that augments; a stage's augment_extra takes their place. Such a stage augments on the CPU. Of
    masks, what comes from beyond the image is ignored unless fill_mask says otherwise."""


class OptimSection(Section):
    """The optimizer, and the batches it sees."""

    name: Annotated[str, Field(min_length=1)] = "adamw"
    """adamw (Loshchilov and Hutter 2019, arXiv:1711.05101), or another of timm's, such as sgd, lamb, lion or muon;
    those whose training could not be resumed bit for bit are refused. The stages' own rates are meant for adamw."""
    options: dict[str, Any] = {}
    """Arguments of that optimizer, such as {momentum: 0.9, nesterov: true} of sgd; it has defaults for the others."""
    batch_size: Annotated[int, Field(ge=2)] = 32
    """Images in one forward pass."""
    accumulate: Annotated[int, Field(ge=1)] = 1
    """Forward passes per optimizer step."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    """Weight decay, decoupled in adamw, else as the optimizer does it; biases and norm parameters have none."""
    betas: tuple[Fraction, Fraction] | None = None
    """Decay rates of the moment estimates; none takes the optimizer's own, for adamw 0.9 and 0.999."""
    clip_norm: Annotated[float, Field(gt=0)] | None = 1.0
    """Largest global gradient norm; none never clips."""
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Decay per step of a moving average of the weights, which then is what is validated and kept; none keeps the
    weights themselves."""
    max_skipped: Annotated[int, Field(ge=1)] = 10
    """Training stops after this many non-finite steps in a row."""

    @property
    def arguments(self) -> dict[str, Any]:
        """What the optimizer is made with beside rates and weight decay."""
        return self.options | ({} if self.betas is None else {"betas": self.betas})

    @model_validator(mode="after")
    def _optimizer_takes_its_options(self) -> "OptimSection":
        if self.name == "adamw" and not self.options:  # the default is known to work, and this loads torch
            return self
        from visionft.models.optimizers.proof import optimizer_problems

        problems = optimizer_problems(self.name, self.arguments)
        if self.betas is not None:
            if "betas" in self.options:
                problems["options.betas"] = "is given twice; leave optim.betas or this one out"
            elif "options.betas" in problems:
                problems["betas"] = problems.pop("options.betas")
        if problems:
            found = [problem(tuple(key.split(".")), None, text) for key, text in problems.items()]
            raise ValidationError.from_exception_data("optim", found)
        return self


class RuntimeSection(Section):
    """Where and how it runs; results do not depend on the number of workers."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto takes CUDA where there is one."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """auto takes bf16 autocast where the hardware runs this network faster in it."""
    memory_format: Literal["auto", "contiguous", "channels_last"] = "auto"
    """auto takes channels_last for networks with convolutions."""
    workers: Annotated[int, Field(ge=0)] | Literal["auto"] = "auto"
    """Processes that load images; 0 loads in the training process."""
    threads: Annotated[int, Field(ge=1)] | Literal["auto"] = "auto"
    """Threads of the process that trains. auto takes one for each core that this process may use, or one alone where a
    long run's first steps are clearly faster so, as beside other programs; it is written down, since weights differ in
    their last bits with the number of threads."""
    resident: bool | Literal["auto"] = "auto"
    """Whether images are decoded once for each stage and then stay, on their canvases, on the device that trains; the
    batches are the same. auto keeps them on a GPU where that augments them, or nobody, and they take at most a tenth of
    its memory."""
    frozen: Literal["eager", "onnxruntime", "openvino", "auto"] = "eager"
    """What runs frozen layers whose results are kept, on a CPU: eager is torch; onnxruntime, and openvino where that is
    installed (the extra openvino), are several times as fast, in fp32, and differ by rounding. They are compared with
    torch on images of the run first, and where they do not give the same, torch goes on. auto takes the fastest that is
    installed, where that is faster by more than its export takes: all are measured when a stage begins. What was taken
    is written down, and a resumed run keeps to it."""
    compile: bool | Literal["auto"] = False
    """Whether torch compiles the parts of backbone and head in which everything trains, anew for each stage. It takes
    seconds for every layer, and on a CPU often more than it saves: auto tries it where a stage is long enough, takes it
    where a training step is a tenth faster, and writes that down. A C++ compiler has to be there; where there is none,
    that is told, and training goes on without. A resumed run is compiled again and has to give the same numbers."""
    decode: Literal["cpu", "cuda"] = "cpu"
    """What decodes JPEGs in training and its validation; cuda is nvJPEG, whose pixels may differ from the CPU's by a
    few levels. What is measured and exported in the end is decoded by the CPU, as where it is deployed."""
    checkpoint_minutes: Annotated[float, Field(gt=0)] = 5.0
    """Longest time between two checkpoints; one is also written after every epoch that runs the backbone."""


class CacheSection(Section):
    """Where stages with ``views`` keep what their frozen layers make of the images."""

    memory_gigabytes: Annotated[float, Field(ge=0)] = 4.0
    """Most that is kept in memory; what is more is kept in files, which are mapped into it."""
    disk_gigabytes: Annotated[float, Field(ge=0)] = 20.0
    """Most that is kept in files; a stage that needs more runs its frozen layers in every epoch."""
    folder: Path | None = None
    """Where those files are, for this and all other runs that see the same images through the same frozen layers; those
    that were used longest ago make room. None keeps them in the run's own folder, while stages need them."""
    half: bool = False
    """Keep in 16 bits what is computed in 32, which takes half the room; 11 bits of each number are left."""


class EvaluateSection(Section):
    """How models are compared."""

    select: str | None = None
    """Validation value that picks the best weights of a stage, one of the task's, such as loss, accuracy, miou or map;
    last takes those at its end, for validation parts so small that the best of many epochs is mostly luck. None takes
    what the task does when nothing is said."""
    bootstrap: Annotated[int, Field(ge=0)] = 1000
    """Resamples behind the 95 % intervals."""


class LimitsSection(Section):
    """How far the files of one runtime may be from the network; none leaves it to the runtime and the task."""

    min_agreement: Annotated[float, Field(ge=0, le=1)] | None = None
    """Fraction of the answers that must be the same."""
    max_difference: Annotated[float, Field(gt=0)] | None = None
    """Largest difference of any probability or score."""
    max_score_change: Annotated[float, Field(ge=0)] | None = None
    """Largest change of accuracy, mIoU or mAP."""


class ExportSection(Section):
    """How far the exported file may be from the network before it is refused."""

    min_agreement: Annotated[float, Field(ge=0, le=1)] | None = None
    """Fraction of the validation images (or pixels, or objects) for which both must give the same answer; none asks for
    all images, 99.9 % of the pixels, or 99.5 % of the objects."""
    max_difference: Annotated[float, Field(gt=0)] | None = None
    """Largest difference of any probability or score; none allows 1e-4 for images and 1e-2 for pixels and objects."""
    max_score_change: Annotated[float, Field(ge=0)] | None = None
    """Largest change of accuracy, mIoU or mAP; none allows 0.001, and files of 8 bits 0.005."""
    limits: dict[str, LimitsSection] = {}
    """Other limits for some runtimes, by the names that ``visionft export --to`` takes, such as
    ``{onnx-int8: {max_score_change: 0.01}}``; what is left out there is as above."""
    try_first: bool = True
    """Try before the first step whether the network can be exported, and do not train one that cannot."""
