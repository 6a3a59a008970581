// The classifiers of drawn digits at work: what is seen, the scores, and what each pixel adds to a score.

import { counts } from "bitmap";
import { EXAMPLES, MODELS } from "digits.trained";
import * as ink from "ink";
import { softmax } from "numerics";

const FULL = 16; // a pixel that is black all over
export const CLASSES = 10;
export { EXAMPLES, MODELS };

/** The 64 counts of an example, which the page holds as a string: one sign for each, in base 17. */
export const example = (name) => [...EXAMPLES[name]].map((sign) => parseInt(sign, 17));

/** The counts of the first so many places of what was drawn. */
export const drawn = (strokes, places) => counts(ink.first(strokes, places));

/** Scores z = Wx + b of the pixels x = counts / 16. */
export const scores = (model, pixels) =>
  MODELS[model].weight.map((row, k) => row.reduce((sum, w, i) => sum + w * (pixels[i] / FULL), MODELS[model].bias[k]));

export const probabilities = (pixels) => softmax(scores("softmax", pixels));

/** How strongly each pixel of a template speaks: its weight, faint where there is no ink and full where all is black. */
export const lit = (row, pixels) => row.map((w, i) => w * (0.2 + 0.8 * (pixels[i] / FULL)));
