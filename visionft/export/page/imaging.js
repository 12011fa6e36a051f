// From an image to the network's canvas, with the arithmetic of visionft's `imaging`: the same pixels, to the last bit, but
// for the bicubic filter, where less than one value of a thousand is off by one.
//
// An image is {pixels, width, height}: Uint8Array of red, green, blue, row by row. `input` is the model spec's.

const BITS = 11;
const LEAST = 1e-3;
const SHARPNESS = -0.75;
const MAX_PIXELS = 178956970;
export const IGNORE = 255;

const float = Math.fround;

/** Return the nearest whole number; halves go to the even one. */
export function round(value) {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** Return where an image of this size goes: {wide, high} of the resized one, {x, y} of its corner on the canvas. */
export function place(width, height, input) {
  if (input.fit === "stretch") return { wide: input.width, high: input.height, x: 0, y: 0 };
  const across = input.width / width, down = input.height / height;
  const scale = input.fit === "crop" ? Math.max(across, down) / input.crop_pct : Math.min(across, down);
  let wide = Math.max(1, round(width * scale)), high = Math.max(1, round(height * scale));
  if (input.fit === "crop") {
    wide = Math.max(input.width, wide);
    high = Math.max(input.height, high);
  }
  return { wide, high, x: Math.floor((input.width - wide) / 2), y: Math.floor((input.height - high) / 2) };
}

/** Return the box of the canvas that shows the image. */
export function covered({ wide, high, x, y }, input) {
  return {
    left: Math.max(x, 0), top: Math.max(y, 0),
    right: Math.min(x + wide, input.width), bottom: Math.min(y + high, input.height),
  };
}

/** Return the corners [x, y] of windows of the canvas's size that cover an image, row by row. */
export function windows(width, height, input) {
  const across = corners(width, input.width, input.overlap);
  return corners(height, input.height, input.overlap).flatMap((y) => across.map((x) => [x, y]));
}

function corners(side, window, overlap) {
  const step = Math.max(1, Math.trunc(window * (1 - overlap)));
  const last = Math.max(0, side - window);
  const found = [];
  for (let at = 0; at < last; at += step) found.push(at);
  return [...found, last];
}

/** Fit an image to the canvas: Uint8Array of input.height x input.width x 3. */
export function toCanvas(image, input) {
  const placement = place(image.width, image.height, input);
  if (placement.wide * placement.high > MAX_PIXELS) throw new Error("The image is too narrow to fill the canvas.");
  return put(resize(image, placement.wide, placement.high, input.interpolation), placement, input);
}

/** Cut a window out of an image, at its own resolution. */
export function cutWindow(image, [x, y], input) {
  return put(image, { wide: image.width, high: image.height, x: -x, y: -y }, input);
}

function put(image, placement, input) {
  const { left, top, right, bottom } = covered(placement, input);
  const canvas = new Uint8Array(input.height * input.width * 3);
  const fill = input.mean.map((channel) => round(255 * channel));
  for (let at = 0; at < canvas.length; at += 3) canvas.set(fill, at);
  for (let row = top; row < bottom; row++) {
    const from = ((row - placement.y) * image.width + left - placement.x) * 3;
    canvas.set(image.pixels.subarray(from, from + (right - left) * 3), (row * input.width + left) * 3);
  }
  return canvas;
}

/** Shrink each axis by averaging areas, then enlarge the other. */
export function resize(image, width, height, interpolation) {
  const wide = Math.min(image.width, width), high = Math.min(image.height, height);
  let found = image;
  if (wide !== image.width || high !== image.height) found = averaged(found, wide, high);
  if (wide !== width || high !== height) found = (interpolation === "bilinear" ? bilinear : bicubic)(found, width, height);
  return found;
}

// A filter says for each of an axis's new pixels which old ones it takes how much of: {places, weights, taps}.

function areaWeights(source, target, whole) {
  const scale = source / target, taps = Math.ceil(scale) + 1;
  const filter = { taps, places: new Int32Array(target * taps), weights: new Float32Array(target * taps) };
  for (let at = 0; at < target; at++) {
    const left = at * scale, first = Math.floor(left);
    for (let tap = 0; tap < taps; tap++) {
      const spot = first + tap;
      let part = Math.min(left + scale, spot + 1) - Math.max(left, spot);
      if (part <= LEAST || spot >= source) part = 0;
      if (!whole) part /= Math.min(scale, source - left);
      filter.places[at * taps + tap] = Math.min(spot, source - 1);
      filter.weights[at * taps + tap] = part;
    }
  }
  return filter;
}

/** Call `use(at, first, fraction)` for each new pixel: the last old one not behind it, and how far behind that it is. */
function between(source, target, use) {
  const scale = source / target;
  for (let at = 0; at < target; at++) {
    const centre = float((at + 0.5) * scale - 0.5), first = Math.floor(centre);
    use(at, first, float(centre - first));
  }
}

function bilinearWeights(source, target) {
  const filter = { taps: 2, places: new Int32Array(target * 2), weights: new Int32Array(target * 2) };
  between(source, target, (at, first, fraction) => {
    [float(1 - fraction), fraction].forEach((weight, tap) => {
      filter.places[at * 2 + tap] = Math.min(Math.max(first + tap, 0), source - 1);
      filter.weights[at * 2 + tap] = round(float(weight * (1 << BITS)));
    });
  });
  return filter;
}

function bicubicWeights(source, target, rough) {
  const filter = { taps: 4, places: new Int32Array(target * 4), weights: new Float32Array(target * 4) };
  between(source, target, (at, first, fraction) => {
    for (let tap = 0; tap < 4; tap++) {
      const away = Math.abs(fraction - (tap - 1));
      let weight = away <= 1
        ? ((SHARPNESS + 2) * away - (SHARPNESS + 3)) * away ** 2 + 1
        : SHARPNESS * (((away - 5) * away + 8) * away - 4);
      if (rough) weight = round(weight * (1 << BITS)) / (1 << BITS);
      filter.places[at * 4 + tap] = Math.min(Math.max(first - 1 + tap, 0), source - 1);
      filter.weights[at * 4 + tap] = weight;
    }
  });
  return filter;
}

/** Return Float32Array of height x target x 3, summed in the order of the taps. */
function alongRows(values, width, height, { taps, places, weights }) {
  const target = places.length / taps, found = new Float32Array(height * target * 3);
  for (let row = 0; row < height; row++) {
    for (let at = 0; at < target; at++) {
      let red = 0, green = 0, blue = 0;
      for (let tap = at * taps; tap < at * taps + taps; tap++) {
        const from = (row * width + places[tap]) * 3, weight = weights[tap];
        red = float(red + float(values[from] * weight));
        green = float(green + float(values[from + 1] * weight));
        blue = float(blue + float(values[from + 2] * weight));
      }
      const to = (row * target + at) * 3;
      found[to] = red; found[to + 1] = green; found[to + 2] = blue;
    }
  }
  return found;
}

function alongColumns(values, width, { taps, places, weights }) {
  const target = places.length / taps, line = width * 3, found = new Float32Array(target * line);
  for (let at = 0; at < target; at++) {
    for (let tap = at * taps; tap < at * taps + taps; tap++) {
      const weight = weights[tap], from = places[tap] * line, to = at * line;
      if (weight === 0) continue;
      for (let spot = 0; spot < line; spot++) found[to + spot] = float(found[to + spot] + float(values[from + spot] * weight));
    }
  }
  return found;
}

function averaged(image, width, height) {
  const { width: wide, height: high } = image;
  const whole = wide % width === 0 && high % height === 0;
  let values = image.pixels;
  if (wide > width) values = alongRows(values, wide, high, areaWeights(wide, width, whole));
  if (high > height) values = alongColumns(values, width, areaWeights(high, height, whole));
  const share = float(1 / ((high / height) * (wide / width)));
  const four = wide === 2 * width && high === 2 * height; // halves are rounded up
  const pixels = Uint8Array.from(values, (value) => {
    const mean = whole ? float(value * share) : value;
    return four ? Math.floor(mean + 0.5) : round(mean);
  });
  return { pixels, width, height };
}

function bicubic(image, width, height) {
  const { width: wide, height: high } = image;
  const rough = Math.min(wide, high) < 4;
  let values = image.pixels;
  if (wide < width) values = alongRows(values, wide, high, bicubicWeights(wide, width, rough));
  if (high < height) values = alongColumns(values, width, bicubicWeights(high, height, rough));
  const pixels = Uint8Array.from(values, (value) => Math.min(Math.max(round(value), 0), 255));
  return { pixels, width, height };
}

function bilinear(image, width, height) {
  const { pixels: old, width: wide, height: high } = image;
  const across = bilinearWeights(wide, width), down = bilinearWeights(high, height);
  const line = width * 3, rows = new Int32Array(high * line), pixels = new Uint8Array(height * line);
  for (let row = 0; row < high; row++) {
    for (let at = 0; at < width; at++) {
      const one = (row * wide + across.places[2 * at]) * 3, other = (row * wide + across.places[2 * at + 1]) * 3;
      for (let channel = 0; channel < 3; channel++) {
        const sum = old[one + channel] * across.weights[2 * at] + old[other + channel] * across.weights[2 * at + 1];
        rows[row * line + at * 3 + channel] = sum >> 4;
      }
    }
  }
  for (let at = 0; at < height; at++) {
    const one = down.places[2 * at] * line, other = down.places[2 * at + 1] * line;
    for (let spot = 0; spot < line; spot++) {
      const sum = ((rows[one + spot] * down.weights[2 * at]) >> 16) + ((rows[other + spot] * down.weights[2 * at + 1]) >> 16);
      pixels[at * line + spot] = (sum + 2) >> 2;
    }
  }
  return { pixels, width, height };
}

// Interpolation of what a network says, between the centres of its values.

/** Place centres between the values first..end-1, clamped to them: {low, high, fraction, inside}. */
export function positions(centres, first, end) {
  const count = centres.length;
  const found = { low: new Int32Array(count), high: new Int32Array(count), fraction: new Float32Array(count), inside: [] };
  for (let spot = 0; spot < count; spot++) {
    const at = Math.min(Math.max(centres[spot] - 0.5, first), end - 1), low = Math.floor(at);
    found.low[spot] = low;
    found.high[spot] = Math.min(low + 1, end - 1);
    found.fraction[spot] = at - low;
    found.inside.push(centres[spot] >= first && centres[spot] < end);
  }
  return found;
}

/** Interpolate one row of values, of `width` a row from `start` on, into `out`: along the two rows, then between them. */
export function enlargeRow(values, start, width, rows, row, columns, out) {
  const one = start + rows.low[row] * width, other = start + rows.high[row] * width, part = rows.fraction[row];
  for (let at = 0; at < out.length; at++) {
    const low = columns.low[at], high = columns.high[at], share = columns.fraction[at];
    const upper = mix(values[one + low], values[one + high], share);
    out[at] = mix(upper, mix(values[other + low], values[other + high], share), part);
  }
}

function mix(low, high, fraction) {
  return float(float(float(high - low) * fraction) + low);
}
