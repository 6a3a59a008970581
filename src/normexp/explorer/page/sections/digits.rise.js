// The probabilities as the stroke grows: at each place of it, ten shares of the height.

import { classColour } from "bars";
import { CLASSES, drawn, probabilities } from "digits";
import { h, s } from "dom";
import { percent } from "format";
import * as ink from "ink";
import { axes, drawing, linear, widths } from "plot";

const STEPS = 48; // so many places of a stroke are looked at
const ROOM = 0.2; // of the height, for the name of a digit
const KEPT = 2000;
const known = new Map(); // a drawing goes on from where it was: what was computed for its beginning stands

function chances(strokes, places) {
  const beginning = ink.first(strokes, places);
  const key = ink.write(beginning);
  if (!known.has(key)) {
    if (known.size > KEPT) known.clear();
    known.set(key, probabilities(drawn(beginning, places)));
  }
  return known.get(key);
}

export function rise(app) {
  const { t } = app;
  const node = h("div", { class: "plot" });
  let shown = [[], 0];

  function draw(strokes, now) {
    shown = [strokes, now];
    const [width, height] = [widthOf(node), 150];
    const all = ink.count(strokes);
    if (width === 0 || all === 0) return;
    const [left, right, top, bottom] = [42, width - 10, 8, height - 36];
    const every = Math.max(1, 2 ** Math.ceil(Math.log2(all / STEPS))); // a power of 2: most are known already
    const places = Array.from({ length: Math.floor(all / every) }, (_, i) => (i + 1) * every);
    if (places.at(-1) !== all) places.push(all);
    const rows = places.map((n) => chances(strokes, n));
    const x = linear([0, all], [left, right]);
    const y = linear([0, 1], [bottom, top]);
    // Below the share of each class lie those of the classes before it.
    const below = rows.map((p) => p.reduce((sums, share) => [...sums, sums.at(-1) + share], [0]));
    const band = (k) => {
      const edge = (at) => places.map((n, i) => `${x(n).toFixed(1)} ${y(below[i][at]).toFixed(1)}`);
      return s("path", { class: "band", style: `--class: ${classColour(k)}`, d: `M${[...edge(k + 1), ...edge(k).reverse()].join("L")}Z` });
    };
    const last = rows.at(-1);
    const name = (k) => {
      const widest = rows.reduce((best, p, i) => (p[k] > rows[best][k] ? i : best), 0);
      if (rows[widest][k] < ROOM) return [];
      const middle = (below[widest][k] + below[widest][k + 1]) / 2;
      return [s("text", { x: Math.min(right - 8, x(places[widest])), y: y(middle) + 4, class: "digit", "text-anchor": "middle", text: k })];
    };
    node.replaceChildren(
      drawing(
        width,
        height,
        { "aria-label": t("rise_label", { values: last.map((p, k) => `${k} ${percent(p)}`).join(", ") }) },
        ...Array.from({ length: CLASSES }, (_, k) => band(k)),
        axes({ ...{ x, y, left, right, top, bottom, xLabel: t("rise_axis") }, xTicks: [], yTicks: [[0, "0"], [0.5, "50%"], [1, "100%"]] }),
        s("line", { class: "now", x1: x(now), x2: x(now), y1: top, y2: bottom }),
        ...Array.from({ length: CLASSES }, (_, k) => name(k)).flat(),
      ),
    );
  }

  const widthOf = widths([node], () => draw(...shown));
  return { node, draw };
}
