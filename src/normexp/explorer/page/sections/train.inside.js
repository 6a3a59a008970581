// Inside one of the classifiers: its weights, to be dragged, and what each hidden unit sees of the square.

import { classColour } from "bars";
import { button, buttons } from "controls";
import { change, h } from "dom";
import { digits } from "format";
import { diverged, hiddenAt } from "networks";
import * as row from "row";
import { scrubbable } from "scrub";
import { CLASSIFIERS } from "sections/train.runs";

const GRID = 20; // places of a unit's picture each way
const LISTED = 8; // hidden units whose weights are listed

const rgb = (colour) => colour.match(/[\d.]+/g).slice(0, 3).map(Number);
const range = (n) => [...Array(n).keys()];
const length = (values) => Math.hypot(...values);

// The hidden units that matter most, in their order: by the length of their weights on both sides.
function strongest([below, above], n) {
  const strength = below.weight.map((row, unit) => length([...row, below.bias[unit]]) * length(above.weight.map((out) => out[unit])));
  return range(strength.length)
    .sort((i, j) => strength[j] - strength[i])
    .slice(0, n)
    .sort((i, j) => i - j);
}

const highest = (values) => values.indexOf(Math.max(...values));

export function inside(app) {
  const { state, set, t } = app;
  const shown = buttons({
    label: t("shown"),
    options: CLASSIFIERS.map((one) => [one, t(one)]),
    pressed: () => state["train.shown"],
    press: (one) => set({ "train.shown": one }),
  });
  let listing = []; // the hidden units whose weights are listed
  const tables = h("div", { class: "tables" });
  const note = h("p", { class: "note" });
  const random = button(t("random_first"), () => set({ "train.first": [], "train.passes": 0 }));
  const units = h("div", { class: "units" });
  const seeing = h("div", {}, h("h3", { text: t("sees") }), units, h("p", { class: "note", text: t("sees_note") }));
  const node = h("div", {}, h("h3", { text: t("weights") }), h("div", { class: "run" }, shown.node), tables, note, h("div", { class: "run" }, random), seeing);

  // One layer, from the place `at` in the row of all weights on: a row for each of the outputs that are listed, a column
  // for each of the inputs.
  function table({ weight, bias }, at, { kind, column, names, outputs = range(weight.length), listed = range(weight[0].length) }) {
    const inputs = weight[0].length;
    const isClass = kind === "class";
    const name = (k) => (isClass ? row.called(state, t, k) : `${t("unit")} ${k}`);
    const cell = (id, label, value) => h("td", {}, scrubbable(app, `train:${id}`, label, h("span", { tabindex: 0, text: digits(value, 3) })));
    const line = (k) =>
      h(
        "tr",
        {},
        h("th", { scope: "row", text: name(k), style: isClass ? `color: ${classColour(k)}` : undefined }),
        ...listed.map((i) => cell(at + k * inputs + i, t(names.weight, { k, name: name(k), i }), weight[k][i])),
        cell(at + weight.length * inputs + k, t(names.bias, { k, name: name(k) }), bias[k]),
      );
    const head = h("tr", {}, h("td"), ...listed.map((i) => h("th", { scope: "col", html: column(i) })), h("th", { scope: "col", text: t("bias") }));
    return h("div", { class: "box", role: "region", tabindex: 0, "aria-label": `${t("weights")}: ${t(kind)}` }, h("table", {}, head, ...outputs.map(line)));
  }

  const FEATURES = { column: (i) => `<i>x</i><sub>${i}</sub>` };
  const OUT = { kind: "class", names: { weight: "out_weight_of", bias: "bias_of" }, column: (i) => `${t("unit")} ${i}` };
  const plans = (layers) =>
    layers.length === 1
      ? [{ ...FEATURES, kind: "class", names: { weight: "weight_of", bias: "bias_of" } }]
      : [{ ...FEATURES, kind: "unit", names: { weight: "hidden_weight_of", bias: "hidden_bias_of" }, outputs: listing }, { ...OUT, listed: listing }];

  // While one of the weights is in the hand, the same units are listed.
  function drawTables(layers) {
    const count = layers[0].bias.length;
    const isMany = layers.length > 1 && count > LISTED;
    const isHeld = listing.length > 0 && listing.at(-1) < count && tables.contains(document.activeElement);
    if (layers.length > 1 && !(isMany && isHeld)) listing = isMany ? strongest(layers, LISTED) : range(count);
    note.textContent = `${isMany ? t("weights_many", { n: LISTED, all: count }) : ""} ${t("weights_note")}`.trim();
    const sizes = layers.map(({ weight }) => weight.length * (weight[0].length + 1));
    tables.replaceChildren(...plans(layers).map((plan, l) => table(layers[l], l ? sizes[0] : 0, plan)));
  }

  function drawUnits({ layers }) {
    seeing.hidden = layers.length === 1;
    if (seeing.hidden) return;
    const count = layers[0].bias.length;
    if (units.childElementCount !== count) units.replaceChildren(...layers[0].bias.map(() => h("canvas", { class: "grain", width: GRID, height: GRID, role: "img" })));
    const places = Array.from({ length: GRID * GRID }, (_, i) => [(((i % GRID) + 0.5) / GRID) * 2 - 1, 1 - ((Math.floor(i / GRID) + 0.5) / GRID) * 2]);
    const values = places.map((place) => hiddenAt(layers, place));
    const paper = rgb(app.colour("--card"));
    [...units.children].forEach((canvas, unit) => {
      const best = highest(layers[1].weight.map((row) => row[unit]));
      const colour = rgb(app.colour(`--class-${best}`));
      const most = Math.max(...values.map((all) => all[unit]), 1e-9);
      const image = new ImageData(GRID, GRID);
      values.forEach((all, i) => {
        for (let c = 0; c < 3; c++) image.data[4 * i + c] = paper[c] + (all[unit] / most) * (colour[c] - paper[c]);
        image.data[4 * i + 3] = 255;
      });
      canvas.getContext("2d").putImageData(image, 0, 0);
      change(canvas, { "aria-label": t("unit_label", { k: unit, name: row.called(state, t, best) }) });
    });
  }

  return {
    node,
    draw(run) {
      shown.draw();
      random.hidden = state["train.first"].length === 0;
      node.hidden = diverged(run);
      if (node.hidden) return;
      drawTables(run.layers);
      drawUnits(run);
    },
  };
}
