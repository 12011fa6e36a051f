// What a page in a browser makes of a classification: the class of one image.

import { toCanvas } from "./imaging.js";

export async function predict(image, model, run) {
  const { probabilities } = await run([toCanvas(image, model.spec.input)]);
  const values = [...probabilities.data], names = model.spec.class_names;
  const index = values.indexOf(Math.max(...values));
  const named = Object.fromEntries(names.map((name, place) => [name, values[place]]));
  return { label: names[index], index, confidence: values[index], probabilities: named };
}

export function told(prediction) {
  const rows = Object.entries(prediction.probabilities).map(([name, share]) => ({ name, share }));
  return { summary: prediction.label, rows: rows.sort((one, other) => other.share - one.share) };
}
