// The losses after each pass, and in a thin line those of what is held out. They have units of their own; what can be
// compared is how they fall.

import { s } from "dom";
import { digits } from "format";
import { diverged } from "networks";
import { axes, drawing, linear, lossColour, polyline, wholeTicks } from "plot";

/** `runs` by name, the `losses` of each, at this width. */
export function lossCurves({ t }, { runs, losses, width }) {
  const height = 140;
  const passes = runs.softmax.history.length - 1;
  const [left, right, top, bottom] = [42, width - 10, 8, height - 36];
  const [low, high] = [-3, 1.2];
  const most = 100 * Math.max(1, Math.ceil(passes / 100));
  const x = linear([0, most], [left, right]);
  const y = linear([low, high], [bottom, top]);
  const at = (value) => y(Math.max(low, Math.min(high, Math.log10(value))));
  const every = Math.ceil(passes / width); // no more points than pixels
  const path = (values, kind) => {
    const points = values.map((value, n) => [x(n), at(value)]);
    const drawn = points.filter(([, height], n) => n % every === 0 && Number.isFinite(height));
    return s("path", { class: kind, d: polyline(drawn) });
  };
  const line = ([key, { history, heldHistory }]) =>
    s("g", { class: key, style: lossColour(losses[key]) }, path(history, "line"), path(heldHistory, "held"));
  const all = Object.entries(runs);
  const values = all.map(([key, run]) => `${t(key)} ${diverged(run) ? "∞" : digits(run.now.value, 3)}`).join(", ");
  return drawing(
    width,
    height,
    { "aria-label": t("curve_label", { n: passes, losses: values }) },
    axes({
      ...{ x, y, left, right, top, bottom, xLabel: t("passes_axis") },
      xTicks: wholeTicks(most, 4).map((n) => [n, String(n)]),
      yTicks: [1, 0, -1, -2, -3].map((v) => [v, String(10 ** v)]),
    }),
    ...all.map(line),
  );
}
