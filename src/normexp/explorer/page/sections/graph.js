// Section 4: the computation graph of a linear layer with softmax and cross-entropy, step by step,
// and the update of its weights.

import { dot } from "bars";
import { circuit } from "circuit";
import { button, buttons, slider } from "controls";
import { change, h } from "dom";
import { indexed } from "format";
import { descend, objective } from "networks";
import { crossEntropy } from "numerics";
import { drawing, widths } from "plot";
import { formulas } from "sections/graph.formulas";
import { drawCurve, drawTable } from "sections/graph.update";
import { STEPS, appeared, box, edge, layout, weightLabel } from "sections/graph.picture";
import * as row from "row";
import { scrubbable } from "scrub";
import { number } from "state";

export { words } from "sections/graph.words";

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
  "graph.x0": number(1, { min: -3, max: 3, step: 0.1 }),
  "graph.x1": number(2, { min: -3, max: 3, step: 0.1 }),
  "graph.rate": number(0.1, { min: 0.01, max: 1, step: 0.01 }),
  "graph.updates": number(0, { min: 0, max: MOST_UPDATES, integer: true }),
  "graph.step": number(LAST, { min: 0, max: LAST, integer: true }),
};
export const uses = ["target", "names"];
export const question = { right: 2, shows: { "graph.x0": 0, "graph.step": 10 } };

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

export function create(place, app) {
  const { state, set, t } = app;
  let hovered = null; // the node or weight under the pointer: [kind, …indices]
  let focused = null; // and the one that has the focus
  let stop = "x-0"; // the node at which Tab stops
  const target = () => Math.min(state.target, 2);

  // ---- controls

  const targets = buttons({
    label: t("target"),
    options: [0, 1, 2].map((k) => [k, () => `${dot(k)} ${row.short(state, k)}`]),
    pressed: target,
    press: (k) => set({ target: k }),
  });
  const feature = (i) => slider(app, `graph.x${i}`, { label: indexed("x", i), min: -3, max: 3, step: 0.1 });
  const [x0, x1] = [feature(0), feature(1)];
  const position = (n) => `${n + 1}/${LAST + 1}`;
  const steps = slider(app, "graph.step", { label: t("step"), min: 0, max: LAST, step: 1, show: position });
  const rate = slider(app, "graph.rate", { label: t("rate"), min: 0.01, max: 1, step: 0.01 });
  const goTo = (n) => set({ "graph.step": Math.max(0, Math.min(LAST, n)) });

  let waited = 0;
  const playing = app.animation((milliseconds) => {
    waited += milliseconds;
    if (waited < STEP_TIME) return;
    waited = 0;
    if (state["graph.step"] < LAST) app.proceed({ "graph.step": state["graph.step"] + 1 });
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

  const update = (n) => () =>
    set({ "graph.updates": Math.min(MOST_UPDATES, state["graph.updates"] + n), "graph.step": LAST });

  // ---- parts that are drawn

  const picture = h("div", { class: "circuit", onkeydown: walk });
  const caption = h("p", { class: "caption" });
  const table = h("table", { class: "weights" });
  const curve = h("div", { class: "plot" });
  const loss = h("p", { class: "note" });
  const names = () => [0, 1, 2].map((k) => state.names[k] ?? "");

  const back = button("‹", stepBy(-1), { "aria-label": t("back") });
  const forward = button("›", stepBy(1), { "aria-label": t("forward") });
  const updates = [
    button(t("update"), update(1)),
    button(t("update_10"), update(10)),
    button(t("undo"), () => set({ "graph.updates": 0 })),
  ];

  place.append(
    h(
      "div",
      { class: "desk" },
      h("div", {}, x0.node, x1.node),
      h(
        "div",
        {},
        h("div", { class: "control" }, h("span", { text: t("target") }), targets.node),
        steps.node,
        h("div", { class: "buttons" }, back, playButton, forward),
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
        h("p", { class: "formula", html: "W ← W − η·(p − y)·x<sup>T</sup>" }),
        table,
        h("div", { class: "buttons" }, ...updates),
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

  function draw() {
    if (widthOf(picture) === 0) return;
    const now = values();
    const say = formulas(now);
    for (const control of [targets, x0, x1, steps, rate]) control.draw();
    drawCircuit(now, say);
    drawCaption(say);
    drawTable(table, app, now);
    drawCurve({ curve, loss }, app, now, widthOf(curve));
  }

  const written = (parts) => parts.join(" = ");
  const describe = ([kind, ...indices], say) => {
    const { forward, backward } = say[kind](...indices);
    return appeared(state["graph.step"], "backward", kind) ? [forward, backward] : [forward];
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
    change(element, { onpointerenter: hover(what), onpointerleave: hover(null) });
    change(element, { onfocus: focus(what), onblur: focus(null), onclick: () => element.focus() });
    const [kind, i] = what;
    return kind === "x" ? scrubbable(app, `graph.x${i}`, indexed("x", i), element) : element; // a feature can be moved
  }

  // Tab stops at one node, from which the arrow keys lead to the others.
  function walk(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step || (event.target.dataset.scrub && /Up|Down/.test(event.key))) return; // these move a feature
    event.preventDefault();
    const all = [...picture.querySelectorAll("[data-node]")];
    const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
    stop = next.getAttribute("data-node");
    for (const one of all) change(one, { tabindex: one === next ? 0 : -1 });
    next.focus();
  }

  function drawCircuit({ graph }, say) {
    const step = state["graph.step"];
    const width = widthOf(picture);
    const plan = layout(width);
    const hadFocus = focused;
    const edges = graph.nodes.flatMap((node) => node.inputs.map((input) => edge(input, node, plan, step)));
    const weights = graph.z.flatMap((node) =>
      node.inputs.map((input, i) => pointable(weightLabel(input, node, plan, step), ["w", node.index, i], say)),
    );
    const boxes = graph.nodes.map((node) => {
      const isTarget = node === graph.p[target()];
      const what = ["s", "loss"].includes(node.kind) ? [node.kind] : [node.kind, node.index];
      return pointable(box(node, plan, { step, isTarget, name: node.kind === "p" ? names()[node.index] : "" }), what, say);
    });
    const svg = drawing(width, plan.height, { role: "group", "aria-label": t("graph_label") }, ...edges, ...weights, ...boxes);
    picture.replaceChildren(svg);
    if (hadFocus) svg.querySelector(`[data-node="${hadFocus.join("-")}"]`).focus();
  }

  const widthOf = widths([picture, curve], draw);
  return draw;
}
