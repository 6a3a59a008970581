// The picture of the graph: where each part stands, how it looks, and what has appeared of it by a step.

import { s } from "dom";
import { digits, indexed } from "format";

// In each step the values of one kind of node appear: first forward, then backward.
export const STEPS = [
  ["forward", "x"],
  ["forward", "z"],
  ["forward", "e"],
  ["forward", "s"],
  ["forward", "p"],
  ["forward", "loss"],
  ["backward", "p"],
  ["backward", "s"],
  ["backward", "e"],
  ["backward", "z"],
  ["backward", "x"],
];

// Whether the values of a kind have appeared by a step. The derivative of the loss, 1, comes with the first others;
// those of the weights come with those of the features.
export function appeared(step, way, kind) {
  const awaited = { loss: way === "backward" ? "p" : "loss", w: "x" }[kind] ?? kind;
  return STEPS.findIndex(([w, k]) => w === way && k === awaited) <= step;
}

// ---- places: from left to right, or from top to bottom where that is all the room

const BOX = { width: 102, height: 50 };
const [HALF_WIDTH, HALF_HEIGHT] = [BOX.width / 2, BOX.height / 2];

// Where a node stands beside others of its kind; two features and the sum stand between three classes.
const across = ({ kind, index }) => ({ x: index + 0.5, s: 1.5, loss: 1 })[kind] ?? index;

export function layout(width) {
  return width >= 640 ? leftToRight(width) : topToBottom(width);
}

function leftToRight(width) {
  const along = { x: 0, z: 0.27, e: 0.44, s: 0.63, p: 0.82, loss: 1 };
  return {
    height: 320,
    place: (node) => [HALF_WIDTH + (width - BOX.width) * along[node.kind], 40 + 120 * across(node)],
    leaves: ([x, y]) => [x + HALF_WIDTH, y],
    enters: ([x, y]) => [x - HALF_WIDTH, y],
    labelAt: [0.68, 0.68], // how far along its edge the weight of each feature stands, clear of the others
  };
}

function topToBottom(width) {
  const along = { x: 30, z: 175, e: 270, s: 355, p: 440, loss: 535 };
  return {
    height: 565,
    place: (node) => [HALF_WIDTH + ((width - BOX.width) / 2) * across(node), along[node.kind]],
    leaves: ([x, y]) => [x, y + HALF_HEIGHT],
    enters: ([x, y]) => [x, y - HALF_HEIGHT],
    labelAt: [0.42, 0.78],
  };
}

const ends = (from, to, plan) => [plan.leaves(plan.place(from)), plan.enters(plan.place(to))];
const at = ([x, y]) => `translate(${x.toFixed(1)} ${y.toFixed(1)})`;

// ---- parts

const label = ({ kind, index }) => ({ s: "s", loss: "ℓ" })[kind] ?? indexed(kind, index);
const colour = ({ kind, index }) => ("zep".includes(kind) ? `var(--class-${index})` : "var(--muted)");
const cut = (name) => ([...name].length > 14 ? `${[...name].slice(0, 13).join("")}…` : name);
const short = (x) => digits(x, Math.abs(x) < 0.01 ? 2 : 3); // fits into a box

export function edge({ from, local }, to, plan, step) {
  const [[x1, y1], [x2, y2]] = ends(from, to, plan);
  const [way, kind] = STEPS[step];
  const active = (way === "forward" ? to : from).kind === kind;
  const weighted = from.kind === "x";
  const strength = weighted ? 1 + 1.5 * Math.min(2, Math.abs(local)) : 1;
  return s("line", {
    ...{ x1, y1, x2, y2 },
    class: appeared(step, "forward", to.kind) ? "edge" : "edge waiting",
    stroke: colour(weighted ? to : from),
    "stroke-width": active ? strength + 1.5 : strength,
  });
}

export function weightLabel({ from, local: weight }, to, plan, step) {
  const [[x1, y1], [x2, y2]] = ends(from, to, plan);
  const t = plan.labelAt[from.index];
  const slope = appeared(step, "backward", "w") ? digits(to.slope * from.value, 2) : "";
  return s(
    "g",
    { class: "weight", transform: at([x1 + t * (x2 - x1), y1 + t * (y2 - y1)]) },
    s("rect", { x: -17, y: -13, width: 34, height: 26, rx: 4 }),
    s("text", { y: slope ? -2 : 4, text: digits(weight, 2) }),
    s("text", { y: 10, class: "backward", text: slope }),
  );
}

/** A node; with the `name` of its class above it, where it has one. */
export function box(node, plan, { step, isTarget, name }) {
  const isNow = STEPS[step][1] === node.kind;
  const value = appeared(step, "forward", node.kind) ? short(node.value) : "";
  const slope = appeared(step, "backward", node.kind) ? `← ${short(node.slope)}` : "";
  const [left, right] = [10 - HALF_WIDTH, HALF_WIDTH - 10];
  return s(
    "g",
    { class: "node", transform: at(plan.place(node)) },
    s("rect", {
      ...{ x: -HALF_WIDTH, y: -HALF_HEIGHT, ...BOX, rx: 8 },
      stroke: colour(node),
      "stroke-width": isTarget ? 3 : isNow ? 2.5 : 1.2,
    }),
    name ? s("text", { y: -HALF_HEIGHT - 6, class: "called", style: `fill: ${colour(node)}`, text: cut(name) }) : "",
    s("text", { x: left, y: -4, class: "name", text: label(node) }),
    s("text", { x: right, y: -4, class: "value", text: value }),
    s("text", { x: right, y: 16, class: "backward", text: slope }),
  );
}
