// Samples in the square [−1, 1]², to draw, to generate and to write into a link.
import { generator, normal } from "networks";

export const MAX_CLASSES = 5;
const PER_CLASS = 36;
const FARTHEST = 0.3; // the spread of the most noise
const NOISY = 20_000; // apart from the seeds of shapes

// A coordinate is one of 256 places, two hexadecimal digits in a link.
const PLACES = 255;
const EDGE = 0.97; // no marker is cut off
const toPlace = (x) => Math.round(((Math.min(EDGE, Math.max(-EDGE, x)) + 1) / 2) * PLACES);
const fromPlace = (place) => (place / PLACES) * 2 - 1;

/** A sample, moved to the nearest place that a link can hold. */
export const sample = (x, y, target) => ({
  features: [fromPlace(toPlace(x)), fromPlace(toPlace(y))],
  target,
});

const polar = (radius, angle) => [radius * Math.cos(angle), radius * Math.sin(angle)];
const FULL_TURN = 2 * Math.PI;

/** Where the class `k` of `classes` puts its sample number i (a share t of all), with noise. */
const SHAPES = {
  clusters: (k, t, classes, random) => {
    const [x, y] = polar(0.6, (k / classes) * FULL_TURN + 0.5);
    return [x + 0.2 * normal(random), y + 0.2 * normal(random)];
  },
  spiral: (k, t, classes, random) =>
    polar(0.08 + 0.87 * t, (k / classes + 0.62 * t) * FULL_TURN + 0.12 * normal(random)),
  ring: (k, t, classes, random) =>
    polar((0.9 * (k + 0.5 + 0.2 * normal(random))) / classes, FULL_TURN * random()),
  xor: (k, t, classes, random) => {
    // Twice as many sectors as classes; the opposite sector has the same class.
    const sector = k + classes * Math.floor(2 * random());
    const angle = (sector + 0.12 + 0.76 * random()) / (2 * classes);
    return polar(0.9 * Math.sqrt(0.03 + 0.97 * random()), angle * FULL_TURN);
  },
};

export const SHAPE_NAMES = Object.keys(SHAPES);

/** Samples of a shape; `noise` from 0 to 1 moves each aside, by other random numbers, so that it stays the same shape. */
export function generateSamples(shape, classes, seed, noise = 0) {
  const random = generator(seed);
  const shaking = generator(seed + NOISY);
  const aside = (x) => x + (noise > 0 ? FARTHEST * noise * normal(shaking) : 0);
  const samples = [];
  for (let k = 0; k < classes; k++) {
    for (let i = 0; i < PER_CLASS; i++) {
      samples.push(sample(...SHAPES[shape](k, i / PER_CLASS, classes, random).map(aside), k));
    }
  }
  return samples;
}

const hex = (place) => place.toString(16).padStart(2, "0");

/** Five characters for each sample: its class and its two places. */
export const write = (samples) =>
  samples
    .map(({ features, target }) => target + features.map((x) => hex(toPlace(x))).join(""))
    .join("");

export const read = (text) =>
  (text.match(/[0-4][0-9a-f]{4}/g) ?? []).map((code) => {
    const [x, y] = [code.slice(1, 3), code.slice(3, 5)].map((digits) => parseInt(digits, 16));
    return { features: [fromPlace(x), fromPlace(y)], target: Number(code[0]) };
  });
