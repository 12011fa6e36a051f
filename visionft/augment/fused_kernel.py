"""The Triton kernel of the fused engine; what is computed is said in ``arithmetic.py``.

Shape suffixes are not used: a value here is a tile of pixels, one colour each.
"""

import triton
import triton.language as tl


@triton.jit
def _mirrored(place, side):
    """Return the place inside the image that mirrors a place beyond its edges."""
    place -= tl.floor(place * (0.5 / side)) * (2.0 * side)
    return side - tl.abs(side - place)


@triton.jit
def _neighbours(place, side, MIRRORED: tl.constexpr):
    """Return the two pixels around a place, whether they lie inside it, and the fraction of the second."""
    if MIRRORED:
        place = _mirrored(place, side)
    low = tl.floor(place - 0.5)
    fraction = place - 0.5 - low
    first = low.to(tl.int32)
    second = first + 1
    first_inside, second_inside = (first >= 0) & (first < side), (second >= 0) & (second < side)
    first, second = tl.maximum(first, 0), tl.minimum(second, side - 1)
    if not MIRRORED:
        first, second = tl.minimum(first, side - 1), tl.maximum(second, 0)
    return first, second, first_inside, second_inside, fraction


@triton.jit
def _before(params, right, below, PERSPECTIVE: tl.constexpr):
    """Return the places on the canvas before the warp."""
    x = tl.load(params) * right + (tl.load(params + 1) * below + tl.load(params + 2))
    y = tl.load(params + 3) * right + (tl.load(params + 4) * below + tl.load(params + 5))
    if PERSPECTIVE:
        divisor = tl.load(params + 6) * right + (tl.load(params + 7) * below + tl.load(params + 8))
        x, y = tl.div_rn(x, divisor), tl.div_rn(y, divisor)
    return x, y


@triton.jit
def _value(pixel, inside, fill, MIRRORED: tl.constexpr):
    value = tl.load(pixel).to(tl.float32)
    return value if MIRRORED else tl.where(inside, value, fill)


@triton.jit
def _bilinear(pixels, inside, across, down, channel: tl.constexpr, fill, MIRRORED: tl.constexpr):
    """Interpolate one channel between four pixels, rounded half to even."""
    value_00 = _value(pixels[0] + channel, inside[0], fill, MIRRORED)
    value_01 = _value(pixels[1] + channel, inside[1], fill, MIRRORED)
    value_10 = _value(pixels[2] + channel, inside[2], fill, MIRRORED)
    value_11 = _value(pixels[3] + channel, inside[3], fill, MIRRORED)
    upper = value_00 + across * (value_01 - value_00)
    lower = value_10 + across * (value_11 - value_10)
    return (upper + down * (lower - upper) + 12582912.0) - 12582912.0  # 1.5 * 2**23: floats there are whole numbers


@triton.jit
def _seen(image, x, y, fill_0, fill_1, fill_2, height, width, MIRRORED: tl.constexpr):
    """Sample an image at places: red, green, blue."""
    x0, x1, x0_inside, x1_inside, across = _neighbours(x, width, MIRRORED)
    y0, y1, y0_inside, y1_inside, down = _neighbours(y, height, MIRRORED)
    upper, lower = y0 * width, y1 * width
    pixels = (
        image + 3 * (upper + x0),
        image + 3 * (upper + x1),
        image + 3 * (lower + x0),
        image + 3 * (lower + x1),
    )
    inside = (x0_inside & y0_inside, x1_inside & y0_inside, x0_inside & y1_inside, x1_inside & y1_inside)
    red = _bilinear(pixels, inside, across, down, 0, fill_0, MIRRORED)
    green = _bilinear(pixels, inside, across, down, 1, fill_1, MIRRORED)
    blue = _bilinear(pixels, inside, across, down, 2, fill_2, MIRRORED)
    return red, green, blue


@triton.jit
def _sampled(
    image,
    params,
    fill_0,
    fill_1,
    fill_2,
    column,
    row,
    height,
    width,
    MIRRORED: tl.constexpr,
    PERSPECTIVE: tl.constexpr,
    FINER: tl.constexpr,
):
    """Sample an image at where the pixels were before the warp: red, green, blue."""
    if not FINER:
        x, y = _before(params, column + 0.5, row + 0.5, PERSPECTIVE)
        return _seen(image, x, y, fill_0, fill_1, fill_2, height, width, MIRRORED)
    times = tl.load(params + 18)
    red, green, blue = column * 0.0 + row * 0.0, column * 0.0 + row * 0.0, column * 0.0 + row * 0.0
    for part in range((times * times).to(tl.int32)):
        x, y = _before(params, column + ((part % 2) + 0.5) / times, row + ((part // 2) + 0.5) / times, PERSPECTIVE)
        one = _seen(image, x, y, fill_0, fill_1, fill_2, height, width, MIRRORED)
        red, green, blue = red + one[0], green + one[1], blue + one[2]
    fraction = 1 / (times * times)
    return tl.floor(red * fraction + 0.5), tl.floor(green * fraction + 0.5), tl.floor(blue * fraction + 0.5)


@triton.jit
def _offset(fraction, sums, pixels):
    """Return the offset of all colours (arithmetic.colour_matrix)."""
    red, green, blue = tl.load(sums).to(tl.float32), tl.load(sums + 1).to(tl.float32), tl.load(sums + 2).to(tl.float32)
    grey = (0.299 * red + 0.587 * green + 0.114 * blue) / pixels
    return tl.floor(fraction * grey * 1024 + 0.5) / 1024


@triton.jit
def _noise(seed, place, step):
    """Return the noise of pixels by their numbers (arithmetic.noise_of)."""
    bits = place.to(tl.uint32) ^ seed.to(tl.uint32)
    bits = (bits ^ (bits >> 16)) * 0x7FEB352D
    bits = (bits ^ (bits >> 15)) * 0x846CA68B
    bits ^= bits >> 16
    total = (bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 24)
    return tl.floor((total.to(tl.float32) - 510) * step + 0.5)


@triton.jit
def _erased(erase_boxes, column, row, ERASE_BOXES: tl.constexpr):
    gone = (column < 0) & (row < 0)
    for box in tl.static_range(ERASE_BOXES):
        edge = erase_boxes + box * 4
        inside = (column >= tl.load(edge)) & (column < tl.load(edge + 2))
        gone = gone | (inside & (row >= tl.load(edge + 1)) & (row < tl.load(edge + 3)))
    return gone


@triton.jit
def _plus(one, other):
    return one + other


@triton.jit
def sum_kernel(images, sums, pixels, BLOCK: tl.constexpr):
    """Add the colours of some pixels of one image to its sums; in integers, whose order does not show."""
    number = tl.program_id(1).to(tl.int64)
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    for channel in tl.static_range(3):
        value = tl.load(images + (number * pixels + place) * 3 + channel, mask=place < pixels, other=0)
        tl.atomic_add(sums + number * 3 + channel, tl.reduce(value.to(tl.int32), 0, _plus).to(tl.int64))


@triton.jit
def augment_kernel(
    images,
    augmented,
    masks,
    augmented_masks,
    parameters,
    sums,
    tables,
    erase_boxes,
    seeds,
    height,
    width,
    fill_0,
    fill_1,
    fill_2,
    scale_0,
    scale_1,
    scale_2,
    offset_0,
    offset_1,
    offset_2,
    MIRRORED: tl.constexpr,
    MASKS: tl.constexpr,
    MEANS: tl.constexpr,
    PERSPECTIVE: tl.constexpr,
    FINER: tl.constexpr,
    GAMMA: tl.constexpr,
    NOISE: tl.constexpr,
    ERASE_BOXES: tl.constexpr,
    MOST_ERASE_BOXES: tl.constexpr,
    ERASED: tl.constexpr,
    IGNORE: tl.constexpr,
    ACROSS: tl.constexpr,
    DOWN: tl.constexpr,
):
    """Augment one tile of one image and of its mask; arguments as ``fused.launch`` gives them."""
    number = tl.program_id(2).to(tl.int64)
    column = (tl.program_id(0) * ACROSS + tl.arange(0, ACROSS))[None, :]
    row = (tl.program_id(1) * DOWN + tl.arange(0, DOWN))[:, None]
    on_canvas = (column < width) & (row < height)
    target = (number * height + row) * width + column
    if PERSPECTIVE:  # beyond the canvas, what places are divided by may be 0
        column, row = tl.minimum(column, width - 1), tl.minimum(row, height - 1)
    params = parameters + number * 21
    image = images + number * height * width * 3
    red, green, blue = _sampled(
        image, params, fill_0, fill_1, fill_2, column, row, height, width, MIRRORED, PERSPECTIVE, FINER
    )
    if ERASE_BOXES:
        gone = _erased(erase_boxes + number * MOST_ERASE_BOXES * 4, column, row, ERASE_BOXES)
    if NOISE:
        noise = _noise(tl.load(seeds + number), row * width + column, tl.load(params + 20))
    offset = 0.5
    if MEANS:
        offset += _offset(tl.load(params + 19), sums + 3 * number, height * width)
    for channel in tl.static_range(3):
        factors = params + 9 + 3 * channel
        value = tl.load(factors) * red + offset  # exact, in whichever order
        value = tl.load(factors + 1) * green + value
        value = tl.load(factors + 2) * blue + value
        value = tl.minimum(tl.maximum(tl.floor(value), 0.0), 255.0)
        if GAMMA:
            value = tl.load(tables + number * 256 + value.to(tl.int32)).to(tl.float32)
        if NOISE:
            value = tl.minimum(tl.maximum(value + noise, 0.0), 255.0)
        if ERASE_BOXES:
            value = tl.where(gone, ERASED * 1.0, value)
        if channel == 0:
            value = value * scale_0 + offset_0
        elif channel == 1:
            value = value * scale_1 + offset_1
        else:
            value = value * scale_2 + offset_2
        tl.store(augmented + target * 3 + channel, value.to(augmented.dtype.element_ty), mask=on_canvas)
    if MASKS:
        x, y = _before(params, column + 0.5, row + 0.5, PERSPECTIVE)
        if MIRRORED:
            x, y = _mirrored(x, width), _mirrored(y, height)
        x, y = tl.floor(x).to(tl.int32), tl.floor(y).to(tl.int32)
        x_inside, y_inside = (x >= 0) & (x < width), (y >= 0) & (y < height)
        x, y = tl.minimum(tl.maximum(x, 0), width - 1), tl.minimum(tl.maximum(y, 0), height - 1)
        kind = tl.load(masks + number * height * width + y * width + x)
        if not MIRRORED:
            kind = tl.where(x_inside & y_inside, kind, IGNORE)
        tl.store(augmented_masks + target, kind.to(augmented_masks.dtype.element_ty), mask=on_canvas)
