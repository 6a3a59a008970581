// What is trained: the settings that stand in the address, and the three classifiers that follow from them.

import { sizesOf, start } from "networks";
import * as numerics from "numerics";
import { MAX_CLASSES, SHAPE_NAMES, generateSamples, read } from "samples";
import { points } from "sections/train.pad";
import { choice, number, numbers } from "state";

export const MOST_PASSES = 3000;
const HELD_OUT = 10_000; // apart from the seeds of what is learnt from
const EVERY = 4; // of the points of a class that were drawn, one is held out
export const HIDDEN = ["0", "8", "32"];
export const ALPHAS = ["0", "0.0001", "0.001", "0.01", "0.1"];

export const SPEEDS = ["0.2", "1", "5", "25"]; // passes in a frame
export const CLASSIFIERS = ["softmax", "svm", "squared"];

export const fields = {
  "train.shape": choice("clusters", SHAPE_NAMES),
  "train.points": points, // drawn by hand, instead of a shape
  "train.classes": number(3, { min: 2, max: MAX_CLASSES, integer: true }),
  "train.hold": choice("none", ["none", "fourth"]), // of what was drawn
  "train.seed": number(1, { min: 1, max: 9999, integer: true }), // of the samples, the first weights and the batches
  "train.hidden": choice("0", HIDDEN),
  "train.rate": number(0.3, { min: 0.01, max: 3, log: true }),
  "train.alpha": choice("0.001", ALPHAS),
  "train.batch": choice("all", ["all", "16"]),
  "train.svm": choice("westonWatkins", ["westonWatkins", "crammerSinger"]),
  "train.squared": choice("squaredError", ["squaredError", "brier"]),
  "train.noise": number(0, { min: 0, max: 1, step: 0.01 }),
  "train.first": numbers([], { min: -99, max: 99, most: 300 }), // the weights to start from, where the reader has set them
  "train.shown": choice("softmax", CLASSIFIERS), // whose weights are shown
  "train.speed": choice("1", SPEEDS),
  "train.passes": number(0, { min: 0, max: MOST_PASSES, integer: true }),
};

// Everything that is seen follows from the settings and the number of passes, so that a link reproduces it.
export const settings = (state) =>
  Object.keys(fields)
    .filter((key) => !["train.passes", "train.speed", "train.shown"].includes(key))
    .map((key) => state[key]);

// What is learnt from, and what is held out: as many again of the same shape, or every fourth point of a class that a
// hand has drawn. `points` are those that can be drawn and erased.
function pointsOf(state) {
  const count = state["train.classes"];
  if (!state["train.points"]) {
    const generated = (seed) => generateSamples(state["train.shape"], count, seed, state["train.noise"]);
    const points = generated(state["train.seed"]);
    return { points, samples: points, held: generated(state["train.seed"] + HELD_OUT) };
  }
  const points = read(state["train.points"]).filter(({ target }) => target < count);
  const seen = new Array(count).fill(0);
  const isHeld = points.map(({ target }) => ++seen[target] % EVERY === 0 && state["train.hold"] === "fourth");
  return { points, samples: points.filter((_, i) => !isHeld[i]), held: points.filter((_, i) => isHeld[i]) };
}

export const lossesOf = (state) => ({ softmax: "crossEntropy", svm: state["train.svm"], squared: state["train.squared"] });

const shapeOf = (state) => ({ classes: state["train.classes"], hidden: Number(state["train.hidden"]) });

// The reader's weights, if they fit the classifier of now.
const countOf = (sizes) => sizes.slice(1).reduce((sum, outputs, l) => sum + outputs * (sizes[l] + 1), 0);
const firstOf = (state) => (state["train.first"].length === countOf(sizesOf(shapeOf(state))) ? state["train.first"] : undefined);

export function startAll(state) {
  const { points, samples, held } = pointsOf(state);
  const options = {
    ...shapeOf(state),
    seed: state["train.seed"],
    first: firstOf(state),
    held,
    rate: state["train.rate"],
    alpha: Number(state["train.alpha"]),
    batchSize: state["train.batch"] === "all" ? Infinity : Number(state["train.batch"]),
  };
  const run = ([key, loss]) => [key, start(samples, { ...options, loss: numerics[loss] })];
  return { points, held, runs: Object.fromEntries(Object.entries(lossesOf(state)).map(run)) };
}
