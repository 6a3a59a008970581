// Section 7: a digit drawn by hand, seen by a softmax regression and an SVM that the library has trained.

import { bars, classColour } from "bars";
import { button, buttons, slider } from "controls";
import { change, h } from "dom";
import { CLASSES, EXAMPLES, MODELS, drawn, example, probabilities, scores } from "digits";
import { digits, percent, setting } from "format";
import * as ink from "ink";
import { sheet } from "sections/digits.sheet";
import { rise } from "sections/digits.rise";
import { seen, template } from "sections/digits.templates";
import { choice, number } from "state";
import { sentences } from "words";

export { words } from "sections/digits.words";

const NAMES = Object.keys(EXAMPLES);
const REPLAY = 2500; // milliseconds
const BLANK = "none";

// What was drawn: "" where an example is shown, "none" for an empty sheet.
const strokes = {
  initial: "",
  write: (text) => text,
  read: (text) => (text === BLANK ? text : ink.write(ink.read(text))),
};

export const name = "digits";
export const fields = {
  "digits.example": choice("3", NAMES),
  "digits.ink": strokes,
  "digits.share": number(1, { min: 0, max: 1 }), // of what was drawn, that is seen
  "digits.model": choice("softmax", Object.keys(MODELS)),
};
export const uses = [];
export const question = { right: 1, shows: { "digits.ink": "MoMgMYMSMK.MKYAkK.kKkSkYkgko.MoSoYoeoko", "digits.share": 1 } };

const strokesOf = (state) => (state["digits.ink"] === BLANK ? [] : ink.read(state["digits.ink"]));
const placesOf = (state, all) => Math.ceil(state["digits.share"] * ink.count(all));

// The 64 counts that the classifiers are given.
export const pixelsOf = (state) => {
  const all = strokesOf(state);
  return state["digits.ink"] ? drawn(all, placesOf(state, all)) : example(state["digits.example"]);
};

const highest = (values) => values.map((_, k) => k).sort((i, j) => values[j] - values[i]);

export function create(place, app) {
  const { state, set, proceed, t } = app;
  const all = [...Array(CLASSES).keys()];
  const draws = (changes) => {
    replay.pause();
    set({ "digits.share": 1, ...changes });
  };

  const field = sheet(app, {
    strokes: () => strokesOf(state),
    shown: () => ink.first(strokesOf(state), placesOf(state, strokesOf(state))),
    pixels: () => (state["digits.ink"] ? null : pixelsOf(state)),
    change: (now) => draws({ "digits.ink": ink.write(now) || BLANK }),
  });
  const clear = button(t("clear"), () => draws({ "digits.ink": BLANK }));
  const again = button(t("replay"), () => {
    if (replay.playing) return replay.pause();
    if (app.reducedMotion()) return undefined; // the slider is there
    proceed({ "digits.share": (replayed = 0) });
    return replay.play();
  });
  let replayed; // the share that the replay has set; another is of a hand on the slider, and ends it
  const replay = app.animation((milliseconds) => {
    const now = Math.min(1, state["digits.share"] + milliseconds / REPLAY);
    if (state["digits.share"] !== replayed || now === 1) replay.pause();
    if (state["digits.share"] === replayed) proceed({ "digits.share": (replayed = now) });
  });
  const share = slider(app, "digits.share", { label: t("share"), min: 0, max: 1, step: 0.01, show: (x) => `${Math.round(100 * x)}%` });
  const examples = buttons({
    label: t("examples"),
    options: NAMES.map((one) => [one, one]),
    pressed: () => (state["digits.ink"] ? undefined : state["digits.example"]),
    press: (one) => draws({ "digits.example": one, "digits.ink": "" }),
  });

  const sees = seen(app);
  const label = (k) => t("score_of", { k });
  const z = bars(app, { label: t("scores"), name: label, text: (_, x) => digits(x, 2) });
  const p = bars(app, { label: t("probabilities"), name: label, text: (_, x) => (x < 0.005 ? "" : percent(x)) });
  const margins = bars(app, { label: t("svm_scores"), name: label, text: (_, x) => digits(x, 2) });
  const names = () => h("div", { class: "names", style: `--count: ${CLASSES}`, "aria-hidden": "true" }, ...all.map((k) => h("b", { style: `color: ${classColour(k)}`, text: k })));
  const sentence = h("p", { class: "observation", "aria-live": "polite" });
  const growth = rise(app);
  const model = buttons({
    label: t("templates"),
    options: Object.keys(MODELS).map((one) => [one, t(one)]),
    pressed: () => state["digits.model"],
    press: (one) => set({ "digits.model": one }),
  });
  const templates = all.map((k) => template(app, k));
  const hand = button(t("to_scores"), () => app.goTo("scores", { z: scores("softmax", pixelsOf(state)).map((x) => Number(x.toPrecision(6))), names: all.map(label), temperature: 1, shift: 0 }));

  const figure = (key, ...inside) => h("figure", {}, h("h3", { html: t(key) }), ...inside);
  const growing = figure("rise", growth.node, share.node, h("div", { class: "buttons run" }, again));
  place.append(
    h(
      "div",
      { class: "easel" },
      h("div", {}, h("h3", { text: t("sheet") }), field.node, h("div", { class: "buttons run" }, clear), h("div", { class: "run examples" }, h("span", { class: "note", text: t("examples") }), examples.node)),
      h("div", {}, figure("probabilities", h("div", { class: "low" }, p.node), names()), h("h3", { text: t("seen") }), h("div", { class: "seen" }, sees.node, h("p", { class: "note", html: t("seen_note") }))),
    ),
    sentence,
    growing,
    h("div", { class: "panels" }, figure("scores", h("div", { class: "low" }, z.node), names(), h("div", { class: "run" }, hand)), figure("svm_scores", h("div", { class: "low" }, margins.node), names())),
    h("h3", { html: t("templates") }),
    h("div", { class: "run" }, model.node),
    h("div", { class: "templates" }, ...templates.map(({ node }) => node)),
    h("p", { class: "note", html: t("templates_note", { softmax: accuracy("softmax"), svm: accuracy("svm") }) }),
    field.help,
  );

  function draw() {
    const pixels = pixelsOf(state);
    const [ours, theirs] = [scores("softmax", pixels), scores("svm", pixels)];
    const chances = probabilities(pixels);
    for (const control of [field, share, examples, model]) control.draw();
    const strokes = strokesOf(state);
    growing.hidden = strokes.length === 0;
    growth.draw(strokes, placesOf(state, strokes));
    sees.draw(pixels);
    z.draw({ values: ours, range: around(ours) });
    p.draw({ values: chances, range: [0, 1] });
    margins.draw({ values: theirs, range: around(theirs) });
    const shown = state["digits.model"] === "softmax" ? ours : theirs;
    for (const [k, one] of templates.entries()) one.draw(state["digits.model"], pixels, shown[k], k === highest(shown)[0]);
    sentence.innerHTML = observed(app, pixels, chances, theirs);
  }
  return draw;
}

const accuracy = (model) => percent(MODELS[model].accuracy);

// The range of an axis that holds 0 and all values, and does not twitch with each of them.
function around(values) {
  const end = [5, 10, 20, 40].find((x) => x >= Math.max(...values.map(Math.abs))) ?? 80;
  return [-end, end];
}

function observed({ state, t, language }, pixels, p, margins) {
  if (pixels.every((x) => x === 0)) return t("nothing");
  const [first, second] = highest(p);
  const [best, next] = highest(margins);
  const lead = setting(Number((margins[best] - margins[next]).toPrecision(2)));
  const said = [t("says", { k: first, p: percent(p[first]), second, q: percent(p[second]) }), t(best === first ? "agrees" : "differs", { k: best, next, lead })];
  if (!state["digits.ink"]) said.push(t("invites"));
  return sentences(said, language);
}
