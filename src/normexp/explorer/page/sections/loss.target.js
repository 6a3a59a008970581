// What section 2 is charged against: one class or a distribution over them, smoothed or not; and which classes are masked.

import { bars, dot, FEW } from "bars";
import { button, buttons, slider } from "controls";
import { change, h } from "dom";
import { percent } from "format";
import * as numerics from "numerics";
import * as row from "row";
import { number, numbers } from "state";

// Classes by their numbers, in order.
const classes = {
  initial: [],
  write: (list) => list.join(","),
  read: (text) => [...new Set(text.match(/\d{1,3}/g)?.map(Number) ?? [])].sort((a, b) => a - b),
};

export const fields = {
  "loss.masked": classes,
  "loss.smoothing": number(0, { min: 0, max: 1, step: 0.01 }),
  "loss.soft": numbers([], { min: 0, max: 1, least: 2, most: FEW }), // shares of the classes, instead of one target
};

const add = (values) => values.reduce((sum, value) => sum + value, 0);

/** The class of the target, the logits with −∞ where a class is masked, and the distribution `q` if it is one. */
export function targetOf(state) {
  const y = row.target(state);
  const masked = state["loss.masked"].filter((k) => k !== y && k < state.z.length);
  const x = row.scaled(state).map((value, k) => (masked.includes(k) ? -Infinity : value));
  const soft = state["loss.soft"];
  const isSoft = soft.length === x.length && add(soft) > 0;
  return { x, y, masked, q: isSoft ? soft.map((share) => share / add(soft)) : undefined, smoothing: state["loss.smoothing"] };
}

const TAKES_SHARES = { squaredError: numerics.squaredErrorOf, brier: numerics.brierOf };

/** Value and gradient of a loss at x, or undefined where the loss knows no distribution. Only cross-entropy is smoothed. */
export function evaluate(loss, x, { y, q, smoothing }) {
  if (loss === "crossEntropy" && (q || smoothing > 0)) return numerics.crossEntropyOf(x, numerics.smoothed(q ?? numerics.oneHot(x.length, y), smoothing));
  if (!q) return numerics[loss](x, y);
  return loss === "crossEntropy" ? numerics.crossEntropyOf(x, q) : TAKES_SHARES[loss]?.(x, q);
}

// One class takes the share v, and the others keep their proportions.
function reshared(q, k, v) {
  const rest = 1 - q[k];
  const others = q.map((share) => (rest > 0 ? (share / rest) * (1 - v) : (1 - v) / (q.length - 1)));
  return others.with(k, v).map((share) => Number(share.toFixed(4)));
}

export function targetControls(app) {
  const { state, set, t } = app;
  const node = h("div", { class: "target" });
  const extras = h("div", { class: "extras" });
  const shares = bars(app, {
    label: t("shares"),
    name: (k) => t("share_of", { name: row.called(state, t, k) }),
    text: (_, share) => percent(share),
    move: (moves) => set({ "loss.soft": [...moves].reduce((q, [k, share]) => reshared(q, k, share), targetOf(state).q) }),
  });
  const soft = button(t("soft"), () => {
    const n = state.z.length;
    const spread = state.z.map((_, k) => Number((k === row.target(state) ? 0.7 : 0.3 / (n - 1)).toFixed(4)));
    set({ "loss.soft": targetOf(state).q ? [] : spread });
  });
  const smoothing = slider(app, "loss.smoothing", { label: t("smoothing"), min: 0, max: 1, step: 0.01 });
  const distribution = h("div", { class: "low" }, shares.node, shares.byFinger);
  const masks = h("div", { class: "buttons", role: "group", "aria-label": t("masks") });
  const masking = h("div", { class: "control" }, h("span", { text: t("masks") }), masks);
  const softening = h("div", { class: "control" }, h("span", { text: t("soft_title") }), h("div", { class: "buttons" }, soft));
  const tooMany = h("p", { class: "note", text: t("extras_many", { n: FEW }) });
  extras.append(masking, smoothing.node, softening, distribution, tooMany);

  let inside;
  let of = [];
  const toggle = (k) => () => set({ "loss.masked": state["loss.masked"].includes(k) ? state["loss.masked"].filter((other) => other !== k) : [...state["loss.masked"], k].sort((a, b) => a - b) });
  const colouredName = (k) => `${dot(k)} ${row.called(state, t, k)}`;

  function rebuild() {
    const count = state.z.length;
    const few = count <= FEW;
    inside = few
      ? buttons({ label: t("target"), options: state.z.map((_, k) => [k, colouredName(k)]), pressed: () => row.target(state), press: (target) => set({ target }) })
      : slider(app, "target", { label: t("target"), min: 0, max: count - 1, step: 1 });
    node.replaceChildren(...(few ? [h("span", { text: t("target") })] : []), inside.node);
    masks.replaceChildren(...(few ? state.z.map((_, k) => h("button", { type: "button", html: colouredName(k), onclick: toggle(k) })) : []));
    masking.hidden = softening.hidden = !few;
    tooMany.hidden = few;
  }

  return {
    node: h("div", {}, node, extras),
    draw() {
      if (of[0] !== state.z.length || of[1] !== state.names) rebuild();
      of = [state.z.length, state.names];
      inside.draw();
      smoothing.draw();
      const { y, q } = targetOf(state);
      [...masks.children].forEach((one, k) => change(one, { "aria-pressed": String(state["loss.masked"].includes(k) && k !== y), disabled: k === y }));
      change(soft, { "aria-pressed": String(q !== undefined) });
      distribution.hidden = !q;
      if (q) shares.draw({ values: q, range: [0, 1] });
    },
  };
}
