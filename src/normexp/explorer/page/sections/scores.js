// Section 1: scores as bars, the exponential, probabilities; and what float32 makes of them.

import { bars, classColour, FEW } from "bars";
import { buttons, slider } from "controls";
import { h } from "dom";
import { digits, digitsOfExp, percent, setting } from "format";
import { softmax } from "numerics";
import * as row from "row";
import { exponential } from "sections/scores.curve";
import { ownNames, ownScores } from "sections/scores.own";
import { table } from "sections/scores.table";
import { scrub } from "scrub";
import { sentences } from "words";

export { words } from "sections/scores.words";

export const name = "scores";
export const fields = {};
export const uses = Object.keys(row.fields);
export const question = { right: 1, shows: { shift: 1 } };

const COUNTS = [2, 3, 5, 10, 1000];
const FULL = 5; // as many classes have their names in full
const ROOM = 40; // characters beside each other

export function create(place, app) {
  const { t, state } = app;
  const label = (k) => t("score_of", { name: row.called(state, t, k) });

  const scores = bars(app, { label: t("scores"), name: label, move: (changes) => row.move(app, changes) });
  const chances = bars(app, { label: t("probabilities"), name: label, text: (_, p) => percent(p) });
  const names = h("div", { class: "names", "aria-hidden": "true" });
  const hint = h("p", { class: "note" });
  const scale = h("p", { class: "note" });
  const curve = exponential(app);
  const sentence = h("p", { class: "observation" });
  const sides = table(app);

  const count = buttons({
    label: t("classes"),
    options: COUNTS.map((n) => [n, String(n)]),
    pressed: () => state.z.length,
    press: (n) => app.set({ z: row.resized(state.z, n) }),
  });
  const typed = ownScores(app);
  const named = ownNames(app);
  const temperature = slider(app, "temperature", { label: t("temperature"), min: 0.1, max: 10, step: 0.01, there: Math.log10, back: (x) => Number((10 ** x).toPrecision(2)) });
  const shift = slider(app, "shift", { label: t("shift"), min: -200, max: 200, step: 1 });

  place.append(
    h(
      "div",
      { class: "panels" },
      h("figure", {}, h("h3", { text: t("scores") }), scores.node, names, hint, scores.byFinger, h("h3", { text: t("probabilities") }), h("div", { class: "low" }, chances.node), scale),
      h("figure", {}, h("h3", { text: t("curve") }), curve.node, temperature.node, shift.node, h("div", { class: "control" }, h("span", { text: t("classes") }), count.node), typed.node, named.node, sentence),
    ),
    sides.node,
  );

  return () => {
    const p = softmax(row.scaled(state));
    scores.draw({ values: state.z, range: row.axis(state) });
    const few = state.z.length <= FEW;
    const most = few ? 1 : Math.max(...p); // a thousand shares of 1 would be too low to be seen
    chances.draw({ values: p, range: [0, most] });
    scale.textContent = few ? "" : t("scale", { most: digits(most, 3) });
    names.hidden = !few;
    if (few) {
      const name = state.z.length <= FULL ? row.called : (_, __, k) => row.short(state, k);
      const texts = state.z.map((_, k) => name(state, t, k));
      names.classList.toggle("crowded", texts.length * Math.max(...texts.map((text) => text.length)) > ROOM);
      names.replaceChildren(...texts.map((text, k) => h("b", { style: `color: ${classColour(k)}`, text })));
      names.style.setProperty("--count", state.z.length);
    }
    hint.textContent = t(few ? "scores_hint" : "scores_hint_many");
    for (const part of [curve, temperature, shift, count, typed, named, sides]) part.draw();
    sentence.innerHTML = observed(app, p);
  };
}

// ---- what there is to see

function observed(app, p) {
  const { state, t, language } = app;
  const x = row.scaled(state);
  const order = p.map((_, k) => k).sort((i, j) => x[j] - x[i]);
  const [a, b] = order;
  const lead = x[a] - x[b];
  const power = setting(lead);
  const both = { a: row.opening(state, t, a), b: row.called(state, t, b) };
  const said = [lead === 0 ? t("tie", both) : t("ratio", { ...both, lead: row.lead(state, a, b, given(app)), power, ratio: digitsOfExp(lead, 3) })];
  if (p.length === 2) said.push(t("sigmoid", { power: setting(x[1] - x[0]), p: digits(p[0], 3) }));
  if (lead > 0 && state.temperature <= 0.2) said.push(t("hard"));
  if (state.temperature >= 8) said.push(t("flat", { n: p.length }));
  return sentences(said, language);
}

// The numbers of a sentence that the reader can take hold of.
const given = (app) => ({
  score: (k) => scrub(app, `z:${k}`, app.t("score_of", { name: row.called(app.state, app.t, k) })),
  temperature: () => scrub(app, "temperature", app.t("temperature_plain")),
});
