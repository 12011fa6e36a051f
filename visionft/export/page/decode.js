// From what a person drops on the page to pixels, upright, without a colour profile, in front of white.

/** Decode an image file: {pixels, width, height}. */
export async function decode(file, input) {
  await requireReadable(file, input);
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image", premultiplyAlpha: "none", colorSpaceConversion: "none" });
  } catch {
    throw new Error("This browser cannot read the file: it is damaged, or of another kind than JPEG, PNG, WebP, GIF, BMP or AVIF.");
  }
  return pixelsOf(bitmap, bitmap.width, bitmap.height, input);
}

/** Return the pixels of anything that a canvas can draw, such as a frame of a camera. */
export function pixelsOf(source, width, height, input) {
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(source, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const pixels = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    const alpha = data[from + 3];
    if (alpha !== 255 && input.reading.alpha === "ignore") {
      throw new Error("The model ignores the fourth channel of a file, which a browser takes for transparency: save it with three.");
    }
    for (let channel = 0; channel < 3; channel++) {
      const colour = data[from + channel];
      pixels[to + channel] = alpha === 255 ? colour : Math.floor((colour * alpha + 127) / 255) + 255 - alpha;
    }
  }
  return { pixels, width, height };
}

/** Refuse what a browser would read as something else than training did. */
async function requireReadable(file, input) {
  const head = new Uint8Array(await file.slice(0, 32).arrayBuffer());
  const isPng = head[0] === 0x89 && head[1] === 0x50;
  if (isPng && head[24] === 16 && input.reading.range) {
    throw new Error(`The model was trained on values from ${input.reading.range.join(" to ")}; a browser reads 8 bits of them.`);
  }
}
