// What a page in a browser makes of numbers.

import { toCanvas } from "./imaging.js";

const NAMED = /^(.*\S)\s*(?:\[([^\][]*)\]|\(([^()]*)\))$/s; // "weight [g]" or "weight (g)"

export async function predict(image, model, run) {
  const { values } = await run([toCanvas(image, model.spec.input)]);
  const prediction = { values: {}, units: {} };
  model.spec.class_names.forEach((text, place) => {
    const [, name, square, around] = NAMED.exec(text.trim()) ?? [null, text.trim()];
    prediction.values[name] = values.data[place];
    prediction.units[name] = (square ?? around ?? "").trim();
  });
  return prediction;
}

export function told(prediction) {
  const rows = Object.entries(prediction.values).map(([name, value]) => ({
    name, text: `${Number(value.toPrecision(5))} ${prediction.units[name]}`.trim(),
  }));
  return { summary: rows.map((row) => row.text).join(", "), rows };
}
