// What a page in a browser makes of detections: objects with a box and, where the model gives them, their pixels, in the
// frame of the image. Several windows' views of one object are merged as `tile_merging` does.
//
// A detection is {box: [left, top, right, bottom], score, label, cells}; numbers are rounded to float32 where Python's are.

import { cutWindow, enlargeRow, place, positions, toCanvas, windows } from "./imaging.js";

const SAME = 0.5; // intersection over union from which on two boxes of a class are one object
const CUT_WEIGHT = 0.5; // of a cut box's score
const NEAR = 0.01; // fraction of the window's side in which a box counts as ending at its border, at least a pixel
const DEFAULT_THRESHOLD = 0.5;
const AT_ONCE = 4; // windows that go through the network together
const OUTWARD = [-1, -1, 1, 1];

const float = Math.fround;

export async function predict(image, model, run, threshold = null) {
  const { spec } = model, { width, height } = image, names = spec.class_names;
  const least = names.map((_, label) => float(threshold ?? (spec.thresholds.length ? spec.thresholds[label] : DEFAULT_THRESHOLD)));
  const seen = spec.input.fit === "tile"
    ? await throughWindows(image, spec.input, run, least)
    : await onCanvas(image, spec.input, run, least);
  const detections = seen.filter(({ score, label }) => score >= least[label]).map(({ box, score, label, mask }) => ({
    label: names[label], index: label, score, box, ...(mask && { area: areaOf(mask), mask }),
  }));
  return { detections, height, width };
}

/** Return the detections of canvas `number`, by falling score. */
function rowsOf(results, number) {
  const rows = results.scores.dims[1], count = Number(results.count.data[number]), masks = results.masks;
  const cells = masks && masks.dims[2] * masks.dims[3];
  return Array.from({ length: Math.min(rows, count) }, (_, row) => {
    const at = number * rows + row;
    return {
      box: [...results.boxes.data.subarray(at * 4, at * 4 + 4)],
      score: results.scores.data[at],
      label: Number(results.labels.data[at]),
      cells: masks && { side: masks.dims[2], values: masks.data.subarray(at * cells, (at + 1) * cells) },
    };
  });
}

async function onCanvas(image, input, run, least) {
  const results = await run([toCanvas(image, input)]);
  const { wide, high, x, y } = place(image.width, image.height, input), limits = [0, 0, image.width, image.height];
  const scale = [image.width / wide, image.height / high], corner = [x, y];
  return rowsOf(results, 0)
    .filter(({ score, label }) => score >= least[label])
    .map((seen) => ({ ...seen, box: seen.box.map((side, at) => float((side - corner[at % 2]) * scale[at % 2])) }))
    .map((seen) => ({ ...seen, mask: seen.cells && paste(seen.cells, seen.box, limits), box: clip(seen.box, limits) }))
    .filter(isThere);
}

function clip(box, limits) {
  return box.map((side, at) => Math.min(Math.max(side, limits[at % 2]), limits[at % 2 + 2]));
}

function isThere({ box, score }) {
  return score > 0 && box[2] > box[0] && box[3] > box[1];
}

// Masks: {left, top, width, height, pixels}, pixels one byte each.

/** Return the pixels of an object, as far as a part of the image shows it, of the cells of its box. */
function paste({ side, values }, box, limits) {
  if (!box.every(Number.isFinite)) return { left: limits[0], top: limits[1], width: 0, height: 0, pixels: new Uint8Array(0) };
  const [left, across] = centres(box[0], box[2], limits[0], limits[2]), [top, down] = centres(box[1], box[3], limits[1], limits[3]);
  const columns = positions(across.map((at) => at * side), 0, side), rows = positions(down.map((at) => at * side), 0, side);
  const width = across.length, height = down.length, pixels = new Uint8Array(width * height), line = new Float32Array(width);
  for (let row = 0; row < height; row++) {
    enlargeRow(values, 0, side, rows, row, columns, line);
    for (let at = 0; at < width; at++) pixels[row * width + at] = line[at] >= 0.5 ? 1 : 0;
  }
  return { left, top, width, height, pixels };
}

function centres(start, end, first, last) {
  const begin = Math.min(Math.max(Math.ceil(start - 0.5), first), last), stop = Math.min(Math.max(Math.ceil(end - 0.5), begin), last);
  const length = end > start ? end - start : 1;
  return [begin, Float64Array.from({ length: stop - begin }, (_, at) => (begin + at + (0.5 - start)) / length)];
}

function areaOf({ pixels }) {
  return pixels.reduce((sum, pixel) => sum + pixel, 0);
}

function unite(masks) {
  if (masks.length === 1) return masks[0];
  const left = Math.min(...masks.map((mask) => mask.left)), top = Math.min(...masks.map((mask) => mask.top));
  const width = Math.max(...masks.map((mask) => mask.left + mask.width)) - left;
  const height = Math.max(...masks.map((mask) => mask.top + mask.height)) - top;
  const pixels = new Uint8Array(width * height);
  for (const mask of masks) {
    for (let row = 0; row < mask.height; row++) {
      const to = (mask.top - top + row) * width + mask.left - left;
      for (let at = 0; at < mask.width; at++) pixels[to + at] |= mask.pixels[row * mask.width + at];
    }
  }
  return { left, top, width, height, pixels };
}

// Windows.

async function throughWindows(image, input, run, least) {
  const { width, height } = image, corners = windows(width, height, input), views = [];
  for (let start = 0; start < corners.length; start += AT_ONCE) {
    const part = corners.slice(start, start + AT_ONCE);
    const results = await run(part.map((corner) => cutWindow(image, corner, input)));
    part.forEach(([x, y], number) => {
      const window = [x, y, x + input.width, y + input.height];
      const moved = rowsOf(results, number).map((seen) => ({ ...seen, box: seen.box.map((side, at) => float(side + [x, y][at % 2])) }));
      views.push(...moved.map((seen) => view(seen, start + number, window, [width, height], least)).filter(isThere));
    });
  }
  return merge(views);
}

/** Cut a box to what its window shows, and say where its borders have cut it. */
function view(seen, number, window, [width, height], least) {
  const whole = [0, 0, width, height], shown = [window[0], window[1], Math.min(window[2], width), Math.min(window[3], height)];
  const box = clip(seen.box, shown);
  const limits = OUTWARD.map((sign, at) => {
    const near = Math.max(1, float(float(NEAR) * (window[at % 2 + 2] - window[at % 2])));
    const inner = (shown[at] - whole[at]) * sign < 0;
    return inner && Math.abs(float(box[at] - window[at])) <= near ? window[at] : sign * Infinity;
  });
  const asked = seen.score >= float(CUT_WEIGHT * least[seen.label]);
  const nothing = { left: shown[0], top: shown[1], width: 0, height: 0, pixels: new Uint8Array(0) };
  const mask = seen.cells && (asked ? paste(seen.cells, seen.box, shown) : nothing);
  return { ...seen, box, limits, window: number, mask, isCut: limits.some(Number.isFinite) };
}

function compare(keys) {
  return (one, other) => {
    const mine = keys(one), theirs = keys(other), at = mine.findIndex((value, place) => value !== theirs[place]);
    return at < 0 ? 0 : mine[at] < theirs[at] ? -1 : 1;
  };
}

function merge(views) {
  const rank = ({ isCut, score }) => (isCut ? CUT_WEIGHT * score : score);
  const ordered = [...views].sort(compare((seen) => [-rank(seen), ...seen.box, seen.score, seen.label, ...[...seen.limits].reverse()]));
  const labels = [...new Set(ordered.map(({ label }) => label))];
  const objects = labels.flatMap((label) => mergeClass(ordered.filter((seen) => seen.label === label)));
  return objects.sort(compare(({ score, box, label }) => [-score, ...box, label]));
}

/** Merge the views of one class, which come by falling rank. */
function mergeClass(views) {
  const free = new Set(views), objects = [];
  for (const leader of views) {
    if (!free.delete(leader)) continue;
    const parts = [leader], box = [...leader.box];
    for (const part of parts) { // which grows
      for (const other of [...free].filter((each) => isSame(part, each))) {
        free.delete(other);
        const beyond = other.box.some((side, at) => (side - part.limits[at]) * OUTWARD[at] > 0);
        if (!beyond || !other.isCut || other.score < CUT_WEIGHT * leader.score) continue;
        parts.push(other);
        other.box.forEach((side, at) => { box[at] = at < 2 ? Math.min(box[at], side) : Math.max(box[at], side); });
      }
    }
    objects.push({ ...leader, box, mask: leader.mask && unite(parts.map(({ mask }) => mask)) });
  }
  return objects;
}

/** Return whether two views are the same object, as far as both windows show it. */
function isSame(one, other) {
  const [a, b] = [one.box, other.box];
  if (one.window === other.window || !(b[0] < a[2] && b[2] > a[0] && b[1] < a[3] && b[3] > a[1])) return false;
  const within = (box, limits) => box.map((side, at) => (at < 2 ? Math.max(side, limits[at]) : Math.min(side, limits[at])));
  return iou(within(a, other.limits), within(b, one.limits)) >= SAME;
}

function iou(one, other) {
  const area = (box) => float(Math.max(float(box[2] - box[0]), 0) * Math.max(float(box[3] - box[1]), 0));
  const shared = area([Math.max(one[0], other[0]), Math.max(one[1], other[1]), Math.min(one[2], other[2]), Math.min(one[3], other[3])]);
  const union = float(float(area(one) + area(other)) - shared);
  return union > 0 ? float(shared / union) : 0;
}

// What people see.

const colourOf = (model, index) => (model.spec.palette.length ? model.spec.palette : model.colours)[index];

export function draw(context, prediction, model) {
  const long = Math.max(prediction.width, prediction.height), line = Math.max(1, Math.round(long / 350));
  for (const { mask, index } of [...prediction.detections].reverse()) if (mask) paint(context, mask, colourOf(model, index));
  context.textBaseline = "middle";
  for (const { box, label, score, index } of [...prediction.detections].reverse()) {
    const [left, top, right, bottom] = box, colour = colourOf(model, index), size = Math.max(11, Math.round(long / 40));
    context.strokeStyle = `rgb(${colour.join(" ")})`;
    context.lineWidth = line;
    context.strokeRect(left + line / 2, top + line / 2, right - left - line, bottom - top - line);
    const text = `${label} ${score.toFixed(2)}`;
    context.font = `${size}px system-ui, sans-serif`;
    const wide = context.measureText(text).width + size / 2, high = size * 1.3;
    const x = Math.max(0, Math.min(left, prediction.width - wide)), y = top >= high ? top - high : top;
    context.fillStyle = context.strokeStyle;
    context.fillRect(x, y, wide, high);
    context.fillStyle = isLight(colour) ? "#000" : "#fff";
    context.fillText(text, x + size / 4, y + high / 2);
  }
}

function paint(context, { left, top, width, height, pixels }, colour) {
  if (!width || !height) return;
  const picture = context.getImageData(left, top, width, height), data = picture.data;
  pixels.forEach((pixel, at) => {
    if (!pixel) return;
    const column = at % width, inner = column > 0 && column + 1 < width && pixels[at - 1] && pixels[at + 1] && pixels[at - width] && pixels[at + width];
    for (let channel = 0; channel < 3; channel++) data[at * 4 + channel] = inner ? (data[at * 4 + channel] + colour[channel]) / 2 : colour[channel];
  });
  context.putImageData(picture, left, top);
}

function isLight(colour) {
  const [red, green, blue] = colour.map((value) => value / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179;
}

export function told(prediction, model) {
  const counts = new Map();
  for (const { label } of prediction.detections) counts.set(label, (counts.get(label) ?? 0) + 1);
  const summary = [...counts].sort((one, other) => other[1] - one[1]).map(([name, count]) => `${count} ${name}`).join(", ");
  const rows = prediction.detections.map(({ label, score, index }) => ({ name: label, share: score, colour: colourOf(model, index) }));
  return { summary: summary || "nothing", rows };
}
