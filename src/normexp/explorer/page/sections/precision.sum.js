// A sum in columns: the bits of each number under the place 2^k that they stand for, and which fall off.

import { s } from "dom";
import { digits, indexed, raise } from "format";
import { lastPlace, places } from "formats";
import { drawing } from "plot";
import { sentences } from "words";

const power = (k) => `2${raise(k)}`;

// What the ordinary computation adds up, number by number, and what its sum can hold.
export function addends({ exps, sums, sum }, format) {
  const lines = exps.map((value, k) => ({
    name: indexed("e", k),
    value,
    gain: sums[k] - (sums[k - 1] ?? 0),
    bits: places(value, format),
  }));
  return { lines, total: { name: "s", bits: places(sum, format) }, cut: lastPlace(sum, format) };
}

// What became of all but the first number, in words.
export function told({ t, language }, { lines, cut }) {
  const said = lines
    .slice(1)
    .map(({ name, value, gain, bits }) => {
      if (bits.length === 0) return t("underflow", { name });
      const lost = bits.filter(([k]) => k < cut).length;
      const key = lost === 0 ? "whole" : lost === bits.length ? "gone" : "partly";
      const [first] = bits[0];
      const figures = { value: digits(value, 3), gain: digits(gain, 3), lost, all: bits.length };
      return t(key, { name, first: power(first), cut: power(cut), ...figures });
    });
  return sentences(said, language);
}

const NAMES = 28; // pixels for the names at the left
const LINE = 22;
const TOP = 20;

export function drawSum({ lines, total, cut }, width, label, cutLabel) {
  const first = total.bits[0][0];
  const last = Math.min(cut - 6, ...lines.flatMap(({ bits }) => bits.map(([k]) => k)));
  const cell = Math.min(14, (width - NAMES) / (first - last + 1));
  const height = TOP + (lines.length + 1) * LINE + 26;
  const x = (k) => NAMES + (first - k) * cell;
  const row = ({ name, bits }, y) => [
    s("text", { x: 0, y: y + 15, class: "name", text: name }),
    ...bits.map(([k, digit]) => bit(x(k), y + 3, cell, digit, k < cut)),
  ];
  const tick = (k, anchor) =>
    s("text", { x: x(k) + (anchor === "end" ? cell : 0), y: 12, class: "tick", "text-anchor": anchor, text: power(k) });
  const underline = TOP + lines.length * LINE + 3;
  const edge = x(cut - 1);
  return drawing(
    width,
    height,
    { "aria-label": label },
    ...[tick(first, "start"), tick(cut, "end"), tick(last, "end")],
    ...lines.flatMap((line, i) => row(line, TOP + i * LINE)),
    ...row(total, underline + 3),
    s("line", { x1: NAMES, x2: x(last - 1), y1: underline, y2: underline, stroke: "var(--ink)" }),
    s("line", { x1: edge, x2: edge, y1: 16, y2: height - 14, class: "cut" }),
    s("text", { x: edge + 6, y: height - 8, class: "tick", text: cutLabel }),
  );
}

function bit(x, y, size, digit, lost) {
  const kind = `${digit === "1" ? "one" : "zero"}${lost ? " lost" : ""}`;
  const corner = Math.min(2, size / 4);
  const square = s("rect", { x: x + 0.5, y, width: size - 1, height: 16, rx: corner, class: `bit ${kind}` });
  if (size < 9) return square;
  return s("g", {}, square, s("text", { x: x + size / 2, y: y + 12, class: `digit ${kind}`, text: digit }));
}
