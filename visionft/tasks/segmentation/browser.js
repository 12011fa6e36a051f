// What a page in a browser makes of a segmentation: the class of every pixel, in the frame of the image.

import { covered, cutWindow, enlargeRow, IGNORE, place, positions, round, toCanvas, windows } from "./imaging.js";

const WEIGHT_SUM = 32; // of windows along one side
const SCALE = 1 << 21; // probabilities are added as whole multiples of its inverse, so that no order changes a class
const AT_ONCE = 4; // windows that go through the network together

export async function predict(image, model, run) {
  const { input, class_names: names } = model.spec;
  const mask = input.fit === "tile" ? await throughWindows(image, input, run) : await inOriginal(image, input, run);
  const counts = new Array(names.length).fill(0);
  for (const label of mask) if (label < counts.length) counts[label]++;
  const whole = Math.max(1, counts.reduce((sum, count) => sum + count, 0));
  const classes = Object.fromEntries(names.map((name, label) => [name, counts[label] / whole]));
  return { classes, height: image.height, width: image.width, mask };
}

async function inOriginal(image, input, run) {
  const { probabilities } = await run([toCanvas(image, input)]);
  const { width, height } = image, classes = probabilities.dims[1], cells = input.width * input.height;
  const placement = place(width, height, input), { left, top, right, bottom } = covered(placement, input);
  const along = (side, size, corner) => Float64Array.from({ length: side }, (_, at) => ((at + 0.5) * size) / side + corner);
  const columns = positions(along(width, placement.wide, placement.x), left, right);
  const rows = positions(along(height, placement.high, placement.y), top, bottom);
  const mask = new Uint8Array(width * height).fill(IGNORE), best = new Float32Array(width), values = new Float32Array(width);
  for (let row = 0; row < height; row++) {
    if (!rows.inside[row]) continue;
    const labels = mask.subarray(row * width, (row + 1) * width);
    for (let label = 0; label < classes; label++) {
      enlargeRow(probabilities.data, label * cells, input.width, rows, row, columns, values);
      for (let at = 0; at < width; at++) {
        if (label === 0 || values[at] > best[at]) {
          best[at] = values[at];
          labels[at] = label;
        }
      }
    }
    for (let at = 0; at < width; at++) if (!columns.inside[at]) labels[at] = IGNORE;
  }
  return mask;
}

async function throughWindows(image, input, run) {
  const { width, height } = image, corners = windows(width, height, input);
  const xs = [...new Set(corners.map(([x]) => x))], ys = [...new Set(corners.map(([, y]) => y))];
  const across = blendWeights(xs, input.width, width), down = blendWeights(ys, input.height, height);
  let sums = null;
  for (let start = 0; start < corners.length; start += AT_ONCE) {
    const part = corners.slice(start, start + AT_ONCE);
    const { probabilities } = await run(part.map((corner) => cutWindow(image, corner, input)));
    const classes = probabilities.dims[1];
    sums ??= Array.from({ length: classes }, () => new Uint32Array(width * height));
    part.forEach(([x, y], number) => {
      const weightsX = across[xs.indexOf(x)], weightsY = down[ys.indexOf(y)];
      sums.forEach((sum, label) => {
        const from = (number * classes + label) * input.height * input.width;
        for (let row = 0; row < weightsY.length; row++) {
          for (let at = 0; at < weightsX.length; at++) {
            const steps = round(Math.fround(probabilities.data[from + row * input.width + at] * SCALE));
            sum[(y + row) * width + x + at] += steps * weightsY[row] * weightsX[at];
          }
        }
      });
    });
  }
  const mask = new Uint8Array(width * height);
  for (let at = 0; at < mask.length; at++) {
    for (let label = 1; label < sums.length; label++) if (sums[label][at] > sums[mask[at]][at]) mask[at] = label;
  }
  return mask;
}

/** Return for each window a whole number per pixel; over all windows they add up to 32 at every pixel. */
function blendWeights(corners, window, side) {
  const hann = Float64Array.from({ length: window }, (_, at) => Math.sin((Math.PI * (at + 0.5)) / window) ** 2);
  const total = new Float64Array(side), running = new Float64Array(side), before = new Float64Array(side);
  const lengths = corners.map((corner) => Math.min(window, side - corner));
  corners.forEach((corner, number) => { for (let at = 0; at < lengths[number]; at++) total[corner + at] += hann[at]; });
  return corners.map((corner, number) => {
    for (let at = 0; at < lengths[number]; at++) running[corner + at] += hann[at];
    const weights = new Uint32Array(lengths[number]);
    for (let at = 0; at < side; at++) {
      const now = round((WEIGHT_SUM * running[at]) / total[at]);
      if (at >= corner && at < corner + lengths[number]) weights[at - corner] = now - before[at];
      before[at] = now;
    }
    return weights;
  });
}

function coloursOf(model) {
  const { palette, class_names: names } = model.spec;
  return palette.length ? palette : names.map((name, at) => (name.toLowerCase() === "background" ? [0, 0, 0] : model.colours[at]));
}

/** Lay the colours of classes over the image, with the boundary between classes at full strength. */
export function draw(context, prediction, model) {
  const { width, height, mask } = prediction, colours = coloursOf(model);
  const picture = context.getImageData(0, 0, width, height), data = picture.data;
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      const label = mask[at], colour = colours[label];
      if (!colour || !Math.max(...colour)) continue;
      const edge = (column > 0 && mask[at - 1] !== label) || (column + 1 < width && mask[at + 1] !== label)
        || (row > 0 && mask[at - width] !== label) || (row + 1 < height && mask[at + width] !== label);
      for (let channel = 0; channel < 3; channel++) {
        const old = data[at * 4 + channel];
        data[at * 4 + channel] = edge ? colour[channel] : (old + colour[channel]) / 2;
      }
    }
  }
  context.putImageData(picture, 0, 0);
}

export function told(prediction, model) {
  const colours = coloursOf(model);
  const rows = Object.entries(prediction.classes).map(([name, share], label) => ({ name, share, colour: colours[label] }));
  rows.sort((one, other) => other.share - one.share);
  const present = rows.filter((row) => row.share > 0);
  return { summary: present.slice(0, 3).map((row) => `${row.name} ${(100 * row.share).toFixed(1)} %`).join(", "), rows: present };
}
