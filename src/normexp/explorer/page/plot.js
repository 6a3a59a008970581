// What line charts are made of. A drawing has the width of its place, so that its letters keep their size.

import { s } from "dom";

// From values to places: linear([0, 10], [20, 300])(5) is 160.
export const linear = ([a, b], [c, d]) => (x) => c + ((x - a) / (b - a)) * (d - c);

export const polyline = (points) =>
  points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

// Whole numbers from 0 to `most`, round ones where not all have room: no more steps between them than `count`.
export function wholeTicks(most, count) {
  const every = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((step) => most / step <= count) ?? 1000;
  return Array.from({ length: Math.floor(most / every) + 1 }, (_, i) => i * every);
}

// One colour is one loss wherever it is a line.
export const lossColour = (loss) => `--line: var(--loss-${loss})`;

// A picture of this size; on paper, where its place is narrower, it shrinks.
export const drawing = (width, height, attributes, ...children) =>
  s("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", ...attributes }, ...children);

// A frame with its ticks, [value, text] each, at places by the scales `x` and `y`; lines reach to `right` and `bottom`.
export function axes({ x, y, xTicks, yTicks, left, right, top, bottom, xLabel }) {
  const rule = (x1, y1, x2, y2) => s("line", { x1, y1, x2, y2, stroke: "var(--rule)" });
  const text = (at, words, anchor) => s("text", { ...at, class: "tick", "text-anchor": anchor, text: words });
  return s(
    "g",
    { "aria-hidden": "true" },
    ...yTicks.flatMap(([value, words]) => [
      rule(left, y(value), right, y(value)),
      text({ x: left - 6, y: y(value) + 4 }, words, "end"),
    ]),
    ...xTicks.flatMap(([value, words]) => [
      rule(x(value), bottom, x(value), bottom + 4),
      text({ x: x(value), y: bottom + 17 }, words, "middle"),
    ]),
    text({ x: right, y: bottom + 32 }, xLabel, "end"),
    rule(left, top, left, bottom),
  );
}

// width(element) of some elements, 0 before they are laid out; draws when one has changed. Asking an element itself
// would make the browser lay out the page in the middle of drawing.
export function widths(elements, draw) {
  const known = new Map(elements.map((element) => [element, 0]));
  const observer = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) known.set(target, Math.floor(contentRect.width));
    draw();
  });
  for (const element of elements) observer.observe(element);
  return (element) => known.get(element);
}
