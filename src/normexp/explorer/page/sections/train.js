// Section 5: samples to draw, and three classifiers that differ in nothing but their loss learning them side by side.

import { classColour } from "bars";
import { button, buttons, slider } from "controls";
import { h } from "dom";
import { raise } from "format";
import { advance, flat } from "networks";
import { widths } from "plot";
import * as row from "row";
import { SHAPE_NAMES } from "samples";
import { keepingFocus } from "scrub";
import { MARKERS } from "sections/train.canvas";
import { lossCurves } from "sections/train.curve";
import { inside } from "sections/train.inside";
import { ERASER, pad, written } from "sections/train.pad";
import { panel } from "sections/train.panel";
import { ALPHAS, CLASSIFIERS, HIDDEN, MOST_PASSES, SPEEDS, lossesOf, settings, startAll } from "sections/train.runs";

export { fields } from "sections/train.runs";
export { words } from "sections/train.words";

const BUDGET = { playing: 6, behind: 14 }; // milliseconds of training in a frame
const WHILE_BEHIND = 200; // milliseconds between pictures, so that most of the time goes into training

export const name = "train";
export const uses = ["names"];
export const question = { right: 0, shows: { "train.passes": 150 } };

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
      const drawn = state["train.points"] && written(all.points.filter(({ target }) => target < n));
      set({ "train.classes": n, "train.points": drawn });
    },
  });
  const choose = (k) => {
    brush = k;
    const isNew = k !== ERASER && k >= state["train.classes"];
    if (isNew) set({ "train.classes": k + 1, "train.points": written(all.points) });
    draw();
  };
  const brushes = buttons({
    label: t("brush"),
    options: [
      ...MARKERS.map((marker, k) => [k, () => `<span style="color: ${classColour(k)}">${marker}</span> ${row.short(state, k)}`]),
      [ERASER, t("eraser")],
    ],
    pressed: () => brush,
    press: choose,
  });
  const field = pad(app, {
    samples: () => all.points,
    isHeld: (one) => all.held.includes(one),
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
  const hold = option("hold", ["none", "fourth"].map((one) => [one, t(`hold_${one}`)]));
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
  const speed = buttons({ label: t("speed"), options: SPEEDS.map((x) => [x, `×${x}`]), pressed: () => state["train.speed"], press: (x) => set({ "train.speed": x }) });
  const control = (key, ...inside) => h("div", { class: "control" }, h("span", { html: t(key) }), ...inside);

  const holding = control("hold", hold.node);

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
  let turn = 0; // of the panels: while it plays a frame has time for one of them
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
    const stops = playing && !now;
    playing = now;
    playButton.textContent = t(now ? "pause" : "play");
    runClock();
    if (stops) drawRuns();
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
        holding,
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
    turn = (turn + 1) % CLASSIFIERS.length;
    const shown = playing && !app.reducedMotion() ? [CLASSIFIERS[turn]] : CLASSIFIERS; // few pictures leave time for all
    for (const key of shown) panels[key].draw(all.runs[key], widthOf(panels[key].canvas), lossesOf(state)[key]);
    curve.replaceChildren(lossCurves(app, { runs: all.runs, losses: lossesOf(state), width: widthOf(curve) }));
    if (!playing || performance.now() > lookedAt + WHILE_BEHIND) lookInside();
    drawn = passesDone();
    drawnAt = performance.now();
  }

  // Numbers that change in every frame cannot be read.
  let lookedAt = -Infinity;
  function lookInside() {
    keepingFocus(looks.node, () => looks.draw(all.runs[state["train.shown"]]));
    lookedAt = performance.now();
  }

  function draw() {
    if (widthOf(curve) === 0) return;
    renew();
    field.draw(widthOf(field.canvas));
    holding.hidden = !state["train.points"]; // of what is not drawn there is as much again
    for (const { draw } of [shapes, brushes, classes, hold, hidden, rate, alpha, batch, noise, speed, svm, squared]) draw();
    if (!clock.playing || drawn !== passesDone()) drawRuns(); // or else the clock has just done it
  }

  const pictures = Object.values(panels).map(({ canvas }) => canvas);
  const widthOf = widths([field.canvas, curve, ...pictures], draw);
  return draw;
}
