// What updates do: the weights with their gradients, and the loss after each.

import { dot } from "bars";
import { change, h, s } from "dom";
import { digits } from "format";
import { axes, drawing, linear, polyline, wholeTicks } from "plot";
import * as row from "row";
import { scrub } from "scrub";

/** Each weight, and what the update takes from it. */
export function drawTable(table, app, { weight, bias, gradient }) {
  const { state, t } = app;
  const factor = (slope) => (slope < 0 ? `(${digits(slope, 2)})` : digits(slope, 2));
  const cell = (value, slope) =>
    h("td", {}, h("b", { text: digits(value, 3) }), h("small", { text: ` − η·${factor(slope)}` }));
  const heads = [t("class"), "w<sub>·0</sub>", "w<sub>·1</sub>", "b"];
  const line = (k) =>
    h(
      "tr",
      {},
      h("th", { scope: "row", html: `${dot(k)} ${row.short(state, k)}` }),
      ...weight[k].map((w, i) => cell(w, gradient.weight[k][i])),
      cell(bias[k], gradient.bias[k]),
    );
  table.replaceChildren(
    h("caption", { html: t("table_caption", { rate: scrub(app, "graph.rate", t("rate")) }) }),
    h("tr", {}, ...heads.map((html) => h("th", { scope: "col", html }))),
    ...weight.map((_, k) => line(k)),
  );
}

/** The loss after each update. */
export function drawCurve({ curve, loss }, app, { losses }, width) {
  const { t } = app;
  const height = 170;
  const [left, right, top, bottom] = [34, width - 12, 10, height - 36];
  const most = Math.max(10, losses.length - 1);
  const highest = Math.max(1, Math.ceil(Math.max(...losses)));
  const x = linear([0, most], [left, right]);
  const y = linear([0, highest], [bottom, top]);
  const xTicks = wholeTicks(most, 4).map((n) => [n, String(n)]);
  const yTicks = [0, highest / 2, highest].map((v) => [v, String(v)]);
  const points = losses.map((value, n) => [x(n), y(value)]);
  const [cx, cy] = points.at(-1);
  const after = (n) => t("after", { n, loss: digits(losses.at(-1)) });
  curve.replaceChildren(
    drawing(
      width,
      height,
      { "aria-label": after(losses.length - 1) },
      axes({ x, y, xTicks, yTicks, left, right, top, bottom, xLabel: t("updates") }),
      s("path", { d: polyline(points), class: "line" }),
      s("circle", { cx, cy, r: 4 }),
    ),
  );
  change(loss, { html: after(scrub(app, "graph.updates", t("updates"))) });
}
