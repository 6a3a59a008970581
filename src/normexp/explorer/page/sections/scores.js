// Section 1: scores as bars, the exponential, probabilities; and what float32 makes of them.

import { bars, classColour, FEW } from "bars";
import { buttons, slider } from "controls";
import { h, s, change } from "dom";
import { digits, digitsOfExp, percent, setting } from "format";
import { naive32, softmax, summary } from "numerics";
import * as row from "row";
import { scrub, scrubbable } from "scrub";
import { readNumber } from "state";
import { sentences } from "words";

export { words } from "sections/scores.words";

export const name = "scores";
export const fields = {};
export const uses = Object.keys(row.fields);
export const question = { right: 1, shows: { shift: 1 } };

const COUNTS = [2, 3, 5, 10, 1000];
const SHOWN = 5; // classes in the table
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
      const name = state.z.length <= SHOWN ? row.called : (_, __, k) => row.short(state, k);
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

// ---- the reader's own numbers

function ownScores({ state, set, t }) {
  let typing = false; // what stands in the field is not yet taken
  const input = h("input", {
    ...{ type: "text", inputmode: "text", autocomplete: "off", spellcheck: "false", "aria-describedby": "typed-wrong" },
    oninput: () => (typing = true),
    onchange: take,
    // While it is typed in, the field's own undoing is meant.
    onkeydown: (event) => typing && event.stopPropagation(),
  });
  const wrong = h("p", { id: "typed-wrong", class: "note", role: "alert" });
  function take() {
    const parts = input.value.normalize("NFKC").replace(/−/g, "-").split(/[\s,;、]+/).filter(Boolean); // １，２ as 1,2
    const odd = parts.find((part) => !(Math.abs(readNumber(part)) <= row.FARTHEST));
    const z = odd === undefined ? row.fields.z.read(parts.join(",")) : undefined;
    refuse(z ? "" : odd === undefined ? t("typed_count", { n: parts.length }) : t("typed_wrong", { odd: odd.slice(0, 20) }));
    if (!z) return;
    typing = false;
    set({ z });
    input.value = written(z);
  }
  function refuse(why) {
    wrong.textContent = why;
    change(input, { "aria-invalid": why ? "true" : undefined });
  }
  const written = (z) => z.slice(0, 20).map(setting).join(", ") + (z.length > 20 ? ", …" : "");
  return {
    node: h("div", {}, h("label", { class: "control" }, h("span", { text: t("typed") }), input), wrong),
    draw() {
      if (typing && document.activeElement === input) return;
      typing = false;
      input.value = written(state.z);
      refuse("");
    },
  };
}

// ---- and names

function ownNames({ state, set, t }) {
  const input = h("input", {
    ...{ type: "text", autocomplete: "off", spellcheck: "false", placeholder: t("named_hint") },
    onchange: () => set({ names: row.fields.names.read(input.value.replace(/[，、;；]/g, ",")) }),
    onkeydown: (event) => document.activeElement === input && event.stopPropagation(),
  });
  return {
    node: h("label", { class: "control" }, h("span", { text: t("named") }), input),
    draw() {
      if (document.activeElement !== input) input.value = state.names.join(", ");
    },
  };
}

// ---- exp(x), with the point of each class on it

function exponential({ state, t }) {
  const WIDTH = 400;
  const HEIGHT = 210;
  const LEFT = 8;
  const node = s("svg", { class: "curve", viewBox: `0 0 ${WIDTH} ${HEIGHT + 26}`, role: "img" });
  const REACH = 6; // how far below the largest x the picture goes
  const MORE = 0.35; // and above
  const across = (d) => LEFT + ((d + REACH) / (REACH + MORE)) * (WIDTH - LEFT - 70);
  const up = (e) => HEIGHT - e * (HEIGHT / 1.45);
  const steps = Array.from({ length: 90 }, (_, i) => -REACH + (i / 89) * (REACH + MORE));
  const line = `M${steps.map((d) => `${across(d).toFixed(1)},${up(Math.exp(d)).toFixed(1)}`).join("L")}`;
  const ticks = s("g", { class: "axis" });
  const points = s("g");
  node.append(ticks, s("path", { class: "line", d: line }), points);

  return {
    node,
    draw() {
      const x = row.scaled(state);
      const { m, e } = summary(x);
      const first = Math.ceil(m - REACH);
      const marks = Array.from({ length: Math.floor(m + MORE) - first + 1 }, (_, i) => first + i);
      ticks.replaceChildren(
        s("path", { d: `M${LEFT},${HEIGHT}H${across(MORE)}` }),
        ...marks.flatMap((mark) => [
          s("path", { d: `M${across(mark - m)},${HEIGHT}v4` }),
          s("text", { x: across(mark - m), y: HEIGHT + 18, "text-anchor": "middle", text: setting(mark) }),
        ]),
      );
      const visible = x.map((value, k) => ({ d: value - m, e: e[k], k })).filter(({ d }) => d >= -REACH);
      const few = x.length <= FEW;
      // Of many, a line wherever there is one, by tenths: a thousand lines would take too long to draw.
      const tenths = [...new Set(visible.map(({ d }) => Math.round(10 * d) / 10))];
      const rug = tenths.map((d) => `M${across(d)},${HEIGHT}V${up(Math.exp(d))}`).join("");
      points.replaceChildren(
        ...(few ? visible.map(point) : [s("path", { class: "rug", d: rug })]),
        ...labels(visible.slice(0, few ? FEW : 0), m),
      );
      change(node, { "aria-label": few ? t("curve_label", { points: e.map((height, k) => `${row.called(state, t, k)} ${digits(height, 3)}`).join(", ") }) : t("curve_many", { n: x.length, m: digits(m) }) });
    },
  };

  function point({ d, e: height, k }) {
    return s(
      "g",
      { style: `--class: ${classColour(k)}` },
      s("path", { class: "drop", d: `M${across(d)},${HEIGHT}V${up(height)}H${across(MORE)}` }),
      s("circle", { cx: across(d), cy: up(height), r: 6 }),
    );
  }

  // Heights at the right, from the top down, none nearer than a line to the one above it.
  function labels(visible, m) {
    let above = -Infinity;
    return visible
      .toSorted((a, b) => b.e - a.e)
      .map(({ d, e: height, k }) => {
        const y = Math.max(up(height) + 4, above + 14);
        above = y;
        if (y > HEIGHT + 4) return "";
        return s("text", { class: "height", x: across(MORE) + 4, y, style: `fill: ${classColour(k)}`, text: digitsOfExp(m + d, 3) });
      })
      .filter(Boolean);
  }
}

// ---- float32, naively and with the maximum subtracted

function table(app) {
  const { state, t } = app;
  const body = h("tbody");
  const head = h("tr");
  const verdict = h("p", { class: "note" });
  const cut = h("p", { class: "note" });
  const node = h(
    "figure",
    { class: "sides" },
    h("h3", { id: "sides-title", text: t("sides") }),
    h("div", { class: "box", role: "region", tabindex: 0, "aria-labelledby": "sides-title" }, h("table", { "aria-labelledby": "sides-title" }, h("thead", {}, head), body)),
    cut,
    verdict,
  );
  const header = (html, attributes = {}) => h("th", { scope: "col", html, ...attributes });
  const line = (html, cells, sum) => h("tr", {}, h("th", { scope: "row", html }), ...cells.map((x) => cell(x)), sum === undefined ? h("td") : cell(sum));
  // What softmax sees, to be taken hold of.
  const seen = (x, shown) =>
    h("tr", {}, h("th", { scope: "row", html: "<i>x</i>" }), ...shown.map((k) => h("td", {}, scrubbable(app, `x:${k}`, t("seen_of", { name: row.called(state, t, k) }), h("span", { tabindex: 0, text: digits(Math.fround(x[k])) })))), h("td"));
  const cell = (x) => h("td", { class: Number.isFinite(x) ? undefined : "broken", text: digits(x) });
  const group = (html, columns) => h("tr", { class: "group" }, h("th", { colspan: columns, scope: "colgroup", html }));

  return {
    node,
    draw() {
      const x = row.scaled(state);
      const order = x.map((_, k) => k);
      const shown = order.length <= SHOWN ? order : order.sort((i, j) => x[j] - x[i]).slice(0, SHOWN).sort((i, j) => i - j);
      const naive = naive32(x);
      const { m } = summary(x);
      const shifted = x.map((value) => Math.fround(Math.fround(value) - Math.fround(m)));
      const stable = naive32(shifted);
      const of = (values) => shown.map((k) => values[k]);
      const columns = shown.length + 2;
      head.replaceChildren(h("td"), ...shown.map((k) => header(`<span style="color: ${classColour(k)}">${row.short(state, k)}</span>`, { "aria-label": row.called(state, t, k) })), header(t("sum")));
      body.replaceChildren(
        group(t("naive"), columns),
        seen(x, shown),
        line("<i>e</i><sup>x</sup>", of(naive.e), naive.sum),
        line("<i>p</i>", of(naive.p)),
        group(t("stable"), columns),
        line("<i>x</i> − <i>m</i>", of(shifted)),
        line("<i>e</i><sup>x−m</sup>", of(stable.e), stable.sum),
        line("<i>p</i>", of(stable.p)),
      );
      cut.textContent = shown.length < x.length ? t("largest", { shown: shown.length, n: x.length }) : "";
      verdict.innerHTML = judged(naive, stable, m);
    },
  };

  function judged(naive, stable, m) {
    if (naive.sum === Infinity) return t("broken_over", { largest: setting(m) });
    if (naive.sum === 0) return t("broken_under");
    const wrong = naive.p.some((p, k) => Math.abs(p - stable.p[k]) > 1e-5 * stable.p[k]);
    return t(wrong ? "broken_part" : "sound");
  }
}
