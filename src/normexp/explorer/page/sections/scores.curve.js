// exp(x), with the point of each class on it.

import { classColour, FEW } from "bars";
import { change, s } from "dom";
import { digits, digitsOfExp, setting } from "format";
import { summary } from "numerics";
import * as row from "row";

export function exponential({ state, t }) {
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
