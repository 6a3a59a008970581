// Section 4: the computation graph of a linear layer with softmax and cross-entropy, step by step,
// and the update of its weights.

import { circuit } from "circuit";
import { button, buttons, slider } from "controls";
import { change, h, s } from "dom";
import { digits, indexed } from "format";
import { descend, objective } from "networks";
import { crossEntropy } from "numerics";
import { axes, linear, polyline, redrawOnResize } from "plot";
import { formulas } from "sections/graph.formulas";
import { number } from "state";

export { words } from "sections/graph.words";

// In each step the values of one kind of node appear: first forward, then backward.
const STEPS = [
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
const LAST = STEPS.length - 1;
const MOST_UPDATES = 200;
const STEP_TIME = 1400; // milliseconds

// At the first sample these give the logits 2, 1, −1, the row that the page begins with.
const firstLayer = () => ({
  weight: [
    [0.6, 0.5],
    [-0.2, 0.8],
    [0.3, -0.9],
  ],
  bias: [0.4, -0.4, 0.5],
});

export const name = "graph";
export const fields = {
  "graph.x0": number(1, { min: -3, max: 3 }),
  "graph.x1": number(2, { min: -3, max: 3 }),
  "graph.rate": number(0.1, { min: 0.01, max: 1 }),
  "graph.updates": number(0, { min: 0, max: MOST_UPDATES, integer: true }),
  "graph.step": number(LAST, { min: 0, max: LAST, integer: true }),
};
export const uses = ["target"];

// The layer after so many updates with this sample, its gradient, and the loss before each update and after the last.
export function updated(x, y, rate, updates) {
  const layer = firstLayer();
  const sample = [{ features: x, target: y }];
  const losses = [];
  for (;;) {
    const { value, gradient } = objective([layer], sample, crossEntropy, 0);
    losses.push(value);
    if (losses.length > updates) return { layer, gradient: gradient[0], losses };
    descend([layer], gradient, rate);
  }
}

// ---- where things stand: the graph goes from left to right, or from top to bottom where that is all the room

const BOX = { width: 102, height: 50 };

// A number short enough for a box.
const short = (x) => digits(x, Math.abs(x) < 0.01 ? 2 : 3);

function layout(width) {
  if (width >= 640) {
    const step = (width - BOX.width) / 100;
    const along = { x: 0, z: 27, e: 44, s: 63, p: 82, loss: 100 };
    const place = ({ kind, index }) => [BOX.width / 2 + step * along[kind], 40 + 120 * across(kind, index)];
    return { height: 320, place, near: ([x, y], end) => [x + (end * BOX.width) / 2, y], labelAt: [0.68, 0.68] };
  }
  const step = (width - BOX.width) / 2;
  const along = { x: 30, z: 175, e: 270, s: 355, p: 440, loss: 535 };
  const place = ({ kind, index }) => [BOX.width / 2 + step * across(kind, index), along[kind]];
  return { height: 565, place, near: ([x, y], end) => [x, y + (end * BOX.height) / 2], labelAt: [0.42, 0.78] };
}

const across = (kind, index) => ({ x: index + 0.5, s: 1.5, loss: 1 })[kind] ?? index;

const labelOf = ({ kind, index }) => ({ s: "s", loss: "ℓ" })[kind] ?? indexed(kind, index);
const classColour = ({ kind, index }) => ("zep".includes(kind) ? `var(--class-${index})` : "var(--muted)");

export function create(place, app) {
  const { state, set, t } = app;
  let hovered = null; // the node or weight under the pointer: [kind, …indices]
  let focused = null; // and the one that has the focus
  let stop = "x-0"; // the node at which Tab stops
  const target = () => Math.min(state.target, 2);

  // ---- controls

  const targets = buttons({
    label: t("target"),
    options: [0, 1, 2].map((k) => [k, `<span style="color: var(--class-${k})">●</span> ${k}`]),
    pressed: target,
    press: (k) => set({ target: k }),
  });
  const [x0, x1] = [0, 1].map((i) => slider(app, `graph.x${i}`, { label: indexed("x", i), min: -3, max: 3, step: 0.1 }));
  const steps = slider(app, "graph.step", { label: t("step"), min: 0, max: LAST, step: 1, show: (n) => `${n + 1}/${LAST + 1}` });
  const rate = slider(app, "graph.rate", { label: t("rate"), min: 0.01, max: 1, step: 0.01 });
  const goTo = (n) => set({ "graph.step": Math.max(0, Math.min(LAST, n)) });

  let waited = 0;
  const playing = app.animation((milliseconds) => {
    waited += milliseconds;
    if (waited < STEP_TIME) return;
    waited = 0;
    if (state["graph.step"] < LAST) goTo(state["graph.step"] + 1);
    if (state["graph.step"] === LAST) pause();
  });
  const pause = () => {
    playing.pause();
    playButton.textContent = t("play");
  };
  const playButton = button(t("play"), () => {
    if (playing.playing) return pause();
    waited = 0;
    if (state["graph.step"] === LAST) goTo(0);
    playing.play();
    playButton.textContent = t("pause");
  });
  const stepBy = (n) => () => {
    pause();
    goTo(state["graph.step"] + n);
  };

  const update = (n) => () => set({ "graph.updates": Math.min(MOST_UPDATES, state["graph.updates"] + n), "graph.step": LAST });

  // ---- parts that are drawn

  const picture = h("div", { class: "circuit", onkeydown: walk });
  const caption = h("p", { class: "caption" });
  const table = h("table", { class: "weights" });
  const curve = h("div", { class: "plot" });
  const loss = h("p", { class: "note" });

  place.append(
    h(
      "div",
      { class: "panels" },
      h("div", {}, x0.node, x1.node),
      h(
        "div",
        {},
        h("div", { class: "control" }, h("span", { text: t("target") }), targets.node),
        steps.node,
        h("div", { class: "buttons" }, button("‹", stepBy(-1), { "aria-label": t("back") }), playButton, button("›", stepBy(1), { "aria-label": t("forward") })),
      ),
    ),
    picture,
    caption,
    h(
      "div",
      { class: "learning" },
      h(
        "div",
        {},
        h("h3", { html: t("update_title") }),
        h("p", { class: "formula", html: "W ← W − η·(p − y)·xᵀ" }),
        table,
        h("div", { class: "buttons" }, button(t("update"), update(1)), button(t("update_10"), update(10)), button(t("undo"), () => set({ "graph.updates": 0 }))),
        rate.node,
      ),
      h("div", {}, h("h3", { html: t("curve_title") }), curve, loss),
    ),
  );

  // ---- drawing

  function values() {
    const x = [state["graph.x0"], state["graph.x1"]];
    const y = target();
    const { layer, gradient, losses } = updated(x, y, state["graph.rate"], state["graph.updates"]);
    const graph = circuit(x, layer.weight, layer.bias, y);
    return { x, y, ...layer, gradient, losses, graph };
  }

  // Which values the steps up to now have shown, and which the step of now shows.
  const shown = (way, kind) => {
    const first = STEPS.findIndex(([w, k]) => w === way && k === kind);
    if (way === "backward" && kind === "loss") return state["graph.step"] > 5;
    return first <= state["graph.step"];
  };
  const isNow = (kind) => STEPS[state["graph.step"]][1] === kind;

  function draw() {
    const now = values();
    const say = formulas(now);
    for (const control of [targets, x0, x1, steps, rate]) control.draw();
    drawCircuit(now, say);
    drawCaption(say);
    drawTable(now);
    drawCurve(now);
  }

  const written = (parts) => parts.join(" = ");
  const describe = ([kind, ...indices], say) => {
    const { forward, backward } = say[kind](...indices);
    return shown("backward", kind === "w" ? "x" : kind) ? [forward, backward] : [forward];
  };

  function drawCaption(say) {
    const pointedAt = hovered ?? focused;
    change(caption, { "aria-live": pointedAt ? "off" : "polite" }); // a box that has the focus is read out itself
    if (pointedAt) {
      const lines = describe(pointedAt, say).map((parts) => h("span", { class: "formula", text: written(parts) }));
      caption.replaceChildren(...lines);
    } else {
      change(caption, { html: t(`step_${state["graph.step"]}`) });
    }
  }

  // An element that says its formula when it is pointed at, reached by Tab or touched.
  function pointable(element, what, say) {
    const hover = (now) => () => {
      hovered = now;
      drawCaption(say);
    };
    const focus = (now) => () => {
      focused = now;
      drawCaption(say);
    };
    const label = describe(what, say).map(written).join("; ");
    const id = what.join("-");
    change(element, { tabindex: id === stop ? 0 : -1, role: "img", "aria-label": label, "data-node": id });
    change(element, { onpointerenter: hover(what), onpointerleave: hover(null), onfocus: focus(what), onblur: focus(null) });
    return change(element, { onclick: () => element.focus() });
  }

  // Tab stops at one node, from which the arrow keys lead to the others.
  function walk(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...picture.querySelectorAll("[data-node]")];
    const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
    stop = next.getAttribute("data-node");
    for (const one of all) change(one, { tabindex: one === next ? 0 : -1 });
    next.focus();
  }

  function drawCircuit(now, say) {
    const width = picture.clientWidth;
    const plan = layout(width);
    const hadFocus = focused;
    const { height } = plan;
    const svg = s("svg", { width, height, role: "group", "aria-label": t("graph_label") });
    for (const node of now.graph.nodes) {
      for (const input of node.inputs) svg.append(edge(input, node, plan));
    }
    for (const node of now.graph.z) {
      node.inputs.forEach((input, i) => svg.append(pointable(weightLabel(input, node, plan, now), ["w", node.index, i], say)));
    }
    for (const node of now.graph.nodes) {
      const what = ["s", "loss"].includes(node.kind) ? [node.kind] : [node.kind, node.index];
      svg.append(pointable(box(node, plan), what, say));
    }
    picture.replaceChildren(svg);
    if (hadFocus) svg.querySelector(`[data-node="${hadFocus.join("-")}"]`).focus();
  }

  const ends = (from, to, { place, near }) => [near(place(from), 1), near(place(to), -1)];

  function edge({ from, local }, to, plan) {
    const [[x1, y1], [x2, y2]] = ends(from, to, plan);
    const [way, kind] = STEPS[state["graph.step"]];
    const active = way === "forward" ? to.kind === kind : from.kind === kind;
    const stroke = from.kind === "x" ? classColour(to) : classColour(from);
    const strength = from.kind === "x" ? 1 + 1.5 * Math.min(2, Math.abs(local)) : 1;
    const visible = shown("forward", to.kind);
    return s("line", { x1, y1, x2, y2, stroke, "stroke-width": active ? strength + 1.5 : strength, class: visible ? "edge" : "edge waiting" });
  }

  // A weight stands on its edge, where labels of edges that cross have room.
  function weightLabel({ from }, to, plan, now) {
    const [[x1, y1], [x2, y2]] = ends(from, to, plan);
    const t = plan.labelAt[from.index];
    const [x, y] = [x1 + t * (x2 - x1), y1 + t * (y2 - y1)];
    const backward = shown("backward", "x") ? digits(now.gradient.weight[to.index][from.index], 2) : "";
    return s(
      "g",
      { class: "weight", transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` },
      s("rect", { x: -17, y: -13, width: 34, height: 26, rx: 4 }),
      s("text", { y: backward ? -2 : 4, text: digits(now.weight[to.index][from.index], 2) }),
      s("text", { y: 10, class: "backward", text: backward }),
    );
  }

  function box(node, plan) {
    const [x, y] = plan.place(node);
    const isTarget = node.kind === "p" && node.index === target();
    const now = isNow(node.kind);
    return s(
      "g",
      { class: now ? "node now" : "node", transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` },
      s("rect", { x: -BOX.width / 2, y: -BOX.height / 2, width: BOX.width, height: BOX.height, rx: 8, stroke: classColour(node), "stroke-width": isTarget ? 3 : now ? 2.5 : 1.2 }),
      s("text", { x: -BOX.width / 2 + 10, y: -4, class: "name", text: labelOf(node) }),
      s("text", { x: BOX.width / 2 - 10, y: -4, class: "value", text: shown("forward", node.kind) ? short(node.value) : "" }),
      s("text", { x: BOX.width / 2 - 10, y: 16, class: "backward", text: shown("backward", node.kind) ? `← ${short(node.slope)}` : "" }),
    );
  }

  function drawTable({ weight, bias, gradient }) {
    const cell = (value, slope) =>
      h("td", {}, h("b", { text: digits(value, 3) }), h("small", { text: ` − η·${slope < 0 ? `(${digits(slope, 2)})` : digits(slope, 2)}` }));
    table.replaceChildren(
      h("caption", { html: t("table_caption") }),
      h("tr", {}, h("th", { scope: "col", text: t("class") }), h("th", { scope: "col", html: "w<sub>·0</sub>" }), h("th", { scope: "col", html: "w<sub>·1</sub>" }), h("th", { scope: "col", text: "b" })),
      ...weight.map((row, k) =>
        h(
          "tr",
          {},
          h("th", { scope: "row", html: `<i style="color: var(--class-${k})">●</i> ${k}` }),
          ...row.map((w, i) => cell(w, gradient.weight[k][i])),
          cell(bias[k], gradient.bias[k]),
        ),
      ),
    );
  }

  function drawCurve({ losses }) {
    const [width, height] = [curve.clientWidth, 170];
    const [left, right, top, bottom] = [34, width - 12, 10, height - 36];
    const most = Math.max(10, losses.length - 1);
    const highest = Math.max(1, Math.ceil(Math.max(...losses)));
    const x = linear([0, most], [left, right]);
    const y = linear([0, highest], [bottom, top]);
    const xTicks = [0, most / 2, most].map((n) => [n, String(n)]);
    const yTicks = [0, highest / 2, highest].map((v) => [v, String(v)]);
    const points = losses.map((value, n) => [x(n), y(value)]);
    const [cx, cy] = points.at(-1);
    const words = t("after", { n: losses.length - 1, loss: digits(losses.at(-1)) });
    curve.replaceChildren(
      s(
        "svg",
        { width, height, role: "img", "aria-label": words },
        axes({ x, y, xTicks, yTicks, left, right, top, bottom, xLabel: t("updates") }),
        s("path", { d: polyline(points), class: "line" }),
        s("circle", { cx, cy, r: 4 }),
      ),
    );
    change(loss, { text: words });
  }

  redrawOnResize(picture, draw);
  return draw;
}
