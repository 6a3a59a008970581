// Section 5: samples to draw, and three classifiers that differ in nothing but their loss learning them side by side.

import { button, buttons, slider } from "controls";
import { h, s } from "dom";
import { digits, raise } from "format";
import { advance, diverged, flat, sizesOf, start } from "networks";
import * as numerics from "numerics";
import { axes, drawing, linear, lossColour, polyline, wholeTicks, widths } from "plot";
import { MAX_CLASSES, SHAPE_NAMES, generateSamples, read } from "samples";
import { MARKERS } from "sections/train.canvas";
import { ERASER, pad, points, written } from "sections/train.pad";
import { panel } from "sections/train.panel";
import { keepingFocus } from "scrub";
import { inside } from "sections/train.inside";
import { choice, number, numbers } from "state";

export { words } from "sections/train.words";

const MOST_PASSES = 3000;
const BUDGET = { playing: 6, behind: 14 }; // milliseconds of training in a frame
const WHILE_BEHIND = 200; // milliseconds between pictures, so that most of the time goes into training
const HELD_OUT = 10_000; // apart from the seeds of what is learnt from
const HIDDEN = ["0", "8", "32"];
const ALPHAS = ["0", "0.0001", "0.001", "0.01", "0.1"];

export const name = "train";
export const fields = {
  "train.shape": choice("clusters", SHAPE_NAMES),
  "train.points": points, // drawn by hand, instead of a shape
  "train.classes": number(3, { min: 2, max: MAX_CLASSES, integer: true }),
  "train.seed": number(1, { min: 1, max: 9999, integer: true }), // of the samples, the first weights and the batches
  "train.hidden": choice("0", HIDDEN),
  "train.rate": number(0.3, { min: 0.01, max: 3, log: true }),
  "train.alpha": choice("0.001", ALPHAS),
  "train.batch": choice("all", ["all", "16"]),
  "train.svm": choice("westonWatkins", ["westonWatkins", "crammerSinger"]),
  "train.squared": choice("squaredError", ["squaredError", "brier"]),
  "train.noise": number(0, { min: 0, max: 1, step: 0.01 }),
  "train.first": numbers([], { min: -99, max: 99, most: 100 }), // the weights to start from, where the reader has set them
  "train.shown": choice("softmax", ["softmax", "svm", "squared"]), // whose weights are shown
  "train.speed": choice("1", ["0.2", "1", "5", "25"]), // passes in a frame
  "train.passes": number(0, { min: 0, max: MOST_PASSES, integer: true }),
};
export const uses = [];
export const question = { right: 0, shows: { "train.passes": 150 } };

// Everything that is seen follows from the settings and the number of passes, so that a link reproduces it.
const settings = (state) =>
  Object.keys(fields)
    .filter((key) => !["train.passes", "train.speed", "train.shown"].includes(key))
    .map((key) => state[key]);

const samplesOf = (state) =>
  state["train.points"]
    ? read(state["train.points"]).filter(({ target }) => target < state["train.classes"])
    : generateSamples(state["train.shape"], state["train.classes"], state["train.seed"], state["train.noise"]);

// As many again of the same shape, which no classifier learns from. There are none like those that a hand has drawn.
const heldOutOf = (state) => (state["train.points"] ? [] : generateSamples(state["train.shape"], state["train.classes"], state["train.seed"] + HELD_OUT, state["train.noise"]));

const lossesOf = (state) => ({ softmax: "crossEntropy", svm: state["train.svm"], squared: state["train.squared"] });

const shapeOf = (state) => ({ classes: state["train.classes"], hidden: Number(state["train.hidden"]) });

// The reader's weights, if they fit the classifier of now.
const countOf = (sizes) => sizes.slice(1).reduce((sum, outputs, l) => sum + outputs * (sizes[l] + 1), 0);
const firstOf = (state) => (state["train.first"].length === countOf(sizesOf(shapeOf(state))) ? state["train.first"] : undefined);

function startAll(state) {
  const samples = samplesOf(state);
  const options = {
    ...shapeOf(state),
    seed: state["train.seed"],
    first: firstOf(state),
    held: heldOutOf(state),
    rate: state["train.rate"],
    alpha: Number(state["train.alpha"]),
    batchSize: state["train.batch"] === "all" ? Infinity : Number(state["train.batch"]),
  };
  const run = ([key, loss]) => [key, start(samples, { ...options, loss: numerics[loss] })];
  return { samples, runs: Object.fromEntries(Object.entries(lossesOf(state)).map(run)) };
}

// These outlive a switch of the language.
let brush = 0;
let begun = null; // the settings of `all`, as text
let all = null;

const passesDone = () => all.runs.softmax.history.length - 1;

// A weight of the classifier that is shown, by its place in the row of all: all three then start from these weights.
export function knob(state, id) {
  const at = Number(id.split(":")[1]);
  const now = flat(all.runs[state["train.shown"]].layers);
  const changes = (value) => ({ "train.first": now.map((w, i) => (i === at ? value : Number(w.toPrecision(4)))), "train.passes": 0 });
  return { value: now[at], ends: [-5, 5], step: 0.05, changes };
}

export function create(place, app) {
  const { state, set, t } = app;
  let playing = false;

  // ---- controls

  const shapes = buttons({
    label: t("shapes"),
    options: SHAPE_NAMES.map((one) => [one, t(one)]),
    pressed: () => (state["train.points"] ? "" : state["train.shape"]),
    press: (one) => fresh({ "train.shape": one }),
  });
  const fresh = (changes) => set({ "train.points": "", ...changes });
  const again = button(t("again"), () => fresh({ "train.seed": (state["train.seed"] % 9999) + 1 }));
  const clear = button(t("clear"), () => set({ "train.points": "none", "train.passes": 0 }));

  const classes = buttons({
    label: t("classes"),
    options: [2, 3, 4, 5].map((n) => [n, String(n)]),
    pressed: () => state["train.classes"],
    press: (n) => {
      const drawn = state["train.points"] && written(all.samples.filter(({ target }) => target < n));
      set({ "train.classes": n, "train.points": drawn });
    },
  });
  const choose = (k) => {
    brush = k;
    const isNew = k !== ERASER && k >= state["train.classes"];
    if (isNew) set({ "train.classes": k + 1, "train.points": written(all.samples) });
    draw();
  };
  const brushes = buttons({
    label: t("brush"),
    options: [
      ...MARKERS.map((marker, k) => [k, `<span style="color: var(--class-${k})">${marker}</span> ${k}`]),
      [ERASER, t("eraser")],
    ],
    pressed: () => brush,
    press: choose,
  });
  const field = pad(app, {
    samples: () => all.samples,
    brush: () => brush,
    choose,
    change: (samples) => {
      set({ "train.points": written(samples) });
      renew(); // the next sample of this stroke, before the next frame, builds on these
    },
  });

  const option = (key, options) =>
    buttons({
      label: t(key),
      options,
      pressed: () => state[`train.${key}`],
      press: (value) => set({ [`train.${key}`]: value }),
    });
  const hidden = option("hidden", HIDDEN.map((n) => [n, n === "0" ? t("linear") : t("units", { n })]));
  const alpha = option("alpha", ALPHAS.map((a) => [a, a === "0" ? "0" : `10${raise(Math.round(Math.log10(a)))}`]));
  const batch = option("batch", [["all", t("batch_all")], ["16", "16"]]);
  const svm = option("svm", [["westonWatkins", t("every_rival")], ["crammerSinger", t("worst_rival")]]);
  const squared = option("squared", [["squaredError", t("on_scores")], ["brier", t("on_probabilities")]]);
  const rate = slider(app, "train.rate", {
    ...{ label: t("rate"), min: 0.01, max: 3, step: 0.01 },
    there: Math.log10,
    back: (x) => Number((10 ** x).toPrecision(2)),
  });
  const noise = slider(app, "train.noise", { label: t("noise"), min: 0, max: 1, step: 0.05 });
  const speed = buttons({ label: t("speed"), options: ["0.2", "1", "5", "25"].map((x) => [x, `×${x}`]), pressed: () => state["train.speed"], press: (x) => set({ "train.speed": x }) });
  const control = (key, ...inside) => h("div", { class: "control" }, h("span", { html: t(key) }), ...inside);

  const playButton = button(t("play"), () => play(!playing));
  const step = button(t("step"), () => {
    play(false);
    goTo(state["train.passes"] + 1);
  });
  const reset = button(t("reset"), () => {
    play(false);
    goTo(0);
  });
  const passes = (n) => ({ "train.passes": Math.min(MOST_PASSES, n) });
  const goTo = (n) => set(passes(n));
  const count = h("span", { class: "note" });

  // ---- the clock runs while it plays, and while the training is behind what is to be shown

  let waited = 0;
  let drawn = -1; // the passes that the pictures show
  let drawnAt = -Infinity; // and since when
  let owed = 0; // of a pass, where there is less than one in a frame
  const clock = app.animation((milliseconds) => {
    waited += milliseconds;
    const slow = app.reducedMotion(); // then few pictures, each many passes on
    if (playing && !behind() && (!slow || waited > 1000)) {
      waited = 0;
      owed += slow ? 50 : Number(state["train.speed"]);
      if (owed >= 1) app.proceed(passes(state["train.passes"] + Math.floor(owed)));
      owed %= 1;
    }
    if (behind()) drawRuns();
    if (state["train.passes"] === MOST_PASSES) play(false);
  });
  function play(now) {
    playing = now;
    playButton.textContent = t(now ? "pause" : "play");
    runClock();
  }
  const behind = () => passesDone() < state["train.passes"];
  const runClock = () => (playing || behind() ? clock.play() : clock.pause());

  // ---- pictures

  const panels = { softmax: panel(app, "softmax"), svm: panel(app, "svm"), squared: panel(app, "squared") };
  panels.svm.more.append(svm.node);
  panels.squared.more.append(squared.node);
  const curve = h("div", { class: "plot" });
  const looks = inside(app);

  place.append(
    h(
      "div",
      { class: "studio" },
      h("div", {}, h("h3", { text: t("samples") }), field.node),
      h(
        "div",
        {},
        control("brush", brushes.node),
        control("shapes", shapes.node),
        control("classes", h("div", { class: "buttons" }, classes.node, again, clear)),
        control("hidden", hidden.node),
        rate.node,
        control("alpha", alpha.node),
        control("batch", batch.node),
        noise.node,
      ),
    ),
    h("div", { class: "buttons run" }, playButton, step, reset, speed.node, count),
    h("div", { class: "trio" }, ...Object.values(panels).map(({ node }) => node)),
    h("h3", { text: t("curve_title") }),
    curve,
    h("p", { class: "note", html: t("panels_note") }),
    looks.node,
    field.help,
  );

  // The runs of the settings of now, from their beginning if a setting has changed.
  function renew() {
    const wanted = JSON.stringify(settings(state));
    if (wanted === begun && passesDone() <= state["train.passes"]) return;
    begun = wanted;
    all = startAll(state);
  }

  function train() {
    const end = performance.now() + (playing ? BUDGET.playing : BUDGET.behind);
    while (behind() && performance.now() < end) Object.values(all.runs).forEach(advance);
    runClock();
  }

  function drawRuns() {
    train();
    count.textContent = t("passes", { n: passesDone() });
    const soon = performance.now() < drawnAt + WHILE_BEHIND;
    if (behind() && (soon || app.reducedMotion())) return;
    for (const [key, { canvas, draw }] of Object.entries(panels)) draw(all.runs[key], widthOf(canvas), lossesOf(state)[key]);
    drawCurve();
    keepingFocus(looks.node, () => looks.draw(all.runs[state["train.shown"]]));
    drawn = passesDone();
    drawnAt = performance.now();
  }

  function draw() {
    if (widthOf(curve) === 0) return;
    renew();
    field.draw(widthOf(field.canvas));
    for (const { draw } of [shapes, brushes, classes, hidden, rate, alpha, batch, noise, speed, svm, squared]) draw();
    if (!clock.playing || drawn !== passesDone()) drawRuns(); // or else the clock has just done it
  }

  // The losses have units of their own; what can be compared is how they fall.
  function drawCurve() {
    const [width, height] = [widthOf(curve), 140];
    const [left, right, top, bottom] = [42, width - 10, 8, height - 36];
    const [low, high] = [-3, 1.2];
    const most = 100 * Math.max(1, Math.ceil(passesDone() / 100));
    const x = linear([0, most], [left, right]);
    const y = linear([low, high], [bottom, top]);
    const at = (value) => y(Math.max(low, Math.min(high, Math.log10(value))));
    const every = Math.ceil(passesDone() / width); // no more points than pixels
    const path = (values, kind) => {
      const points = values.map((value, n) => [x(n), at(value)]);
      const drawn = points.filter(([, height], n) => n % every === 0 && Number.isFinite(height));
      return s("path", { class: kind, d: polyline(drawn) });
    };
    const line = ([key, { history, heldHistory }]) =>
      s("g", { class: key, style: lossColour(losses[key]) }, path(history, "line"), path(heldHistory, "held"));
    const runs = Object.entries(all.runs);
    const losses = lossesOf(state);
    const values = runs.map(([key, run]) => `${t(key)} ${diverged(run) ? "∞" : digits(run.now.value, 3)}`).join(", ");
    curve.replaceChildren(
      drawing(
        width,
        height,
        { "aria-label": t("curve_label", { n: passesDone(), losses: values }) },
        axes({
          ...{ x, y, left, right, top, bottom, xLabel: t("passes_axis") },
          xTicks: wholeTicks(most, 4).map((n) => [n, String(n)]),
          yTicks: [1, 0, -1, -2, -3].map((v) => [v, String(10 ** v)]),
        }),
        ...runs.map(line),
      ),
    );
  }

  const pictures = Object.values(panels).map(({ canvas }) => canvas);
  const widthOf = widths([field.canvas, curve, ...pictures], draw);
  return draw;
}
