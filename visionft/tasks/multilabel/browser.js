// What a page in a browser makes of labels: those whose probability reaches their threshold.

import { toCanvas } from "./imaging.js";

const NO_THRESHOLD = 0.5;

export async function predict(image, model, run, threshold = null) {
  const { probabilities } = await run([toCanvas(image, model.spec.input)]);
  const values = [...probabilities.data], names = model.spec.class_names, stored = model.spec.thresholds;
  const least = names.map((_, place) => Math.fround(threshold ?? (stored.length ? stored[place] : NO_THRESHOLD)));
  const reached = names.map((_, place) => place).filter((place) => values[place] >= least[place]);
  reached.sort((one, other) => values[other] - values[one]);
  const named = Object.fromEntries(names.map((name, place) => [name, values[place]]));
  return { labels: reached.map((place) => names[place]), probabilities: named };
}

export function told(prediction) {
  const rows = Object.entries(prediction.probabilities).map(([name, share]) => ({
    name, share, strong: prediction.labels.includes(name),
  }));
  rows.sort((one, other) => other.share - one.share);
  return { summary: prediction.labels.join(", ") || "no label", rows };
}
