// Section 6: one confident row in float16, bfloat16 and float32, bit by bit: the ordinary computation,
// which rounds the row's loss away, and the one that keeps it.

import { buttons, slider } from "controls";
import { change, h, s } from "dom";
import { digits, indexed, raise } from "format";
import { FORMATS, bits, round } from "formats";
import { lossless, ordinary } from "narrow";
import { crossEntropy, softmax, summary } from "numerics";
import { axes, drawing, linear, polyline, widths } from "plot";
import { addends, drawSum, told } from "sections/precision.sum";
import { scrub } from "scrub";
import { choice, number } from "state";

export { words } from "sections/precision.words";

const NAMES = Object.keys(FORMATS);
const MOST_LEAD = 24;
const LEADS = Array.from({ length: 4 * MOST_LEAD + 1 }, (_, i) => i / 4);
const TARGET = 0;
const rowOf = (lead, format) => [lead, 0, -1].map((x) => round(x, format));

export const name = "precision";
export const fields = {
  "precision.format": choice("float32", NAMES),
  "precision.lead": number(20, { min: 0, max: MOST_LEAD, step: 0.25 }),
};
export const uses = [];
export const question = { right: 1, shows: { "precision.lead": 18, "precision.format": "float32" } };

// The value of every step, were no operation rounded.
export function truth(z) {
  const { m, e, rest } = summary(z);
  const { value, grad } = crossEntropy(z, TARGET);
  return { shifted: z.map((x) => x - m), exps: e, rest, sum: 1 + rest, loss: value, p: softmax(z), grad };
}

export function create(place, app) {
  const { state, set, t } = app;

  const lead = slider(app, "precision.lead", { label: t("lead"), min: 0, max: MOST_LEAD, step: 0.25 });
  const formats = buttons({
    label: t("format"),
    options: NAMES.map((one) => [one, one]),
    pressed: () => state["precision.format"],
    press: (one) => set({ "precision.format": one }),
  });
  const row = h("p", { class: "formula" });
  const sum = h("div", { class: "places" });
  const said = h("p", { class: "note", "aria-live": "polite" });
  const left = h("ol", { class: "trace" });
  const right = h("ol", { class: "trace" });
  const overview = h("table", { class: "weights overview" });
  const curve = h("div", { class: "plot" });

  place.append(
    h(
      "div",
      { class: "desk" },
      lead.node,
      h("div", { class: "control" }, h("span", { text: t("format") }), formats.node),
    ),
    row,
    h("h3", { html: t("sum_title") }),
    sum,
    said,
    h(
      "div",
      { class: "beside" },
      h("div", {}, h("h3", { html: t("ordinary") }), left),
      h("div", {}, h("h3", { html: t("lossless") }), right),
    ),
    h("p", { class: "note", html: t("bits_note") }),
    h(
      "div",
      { class: "beside" },
      h("div", {}, h("h3", { html: t("overview") }), overview, h("p", { class: "note", html: t("overview_note") })),
      h("div", {}, h("h3", { html: t("curve_title") }), curve),
    ),
  );

  function draw() {
    if (widthOf(sum) === 0) return;
    const format = FORMATS[state["precision.format"]];
    const z = rowOf(state["precision.lead"], format);
    const now = { format, z, usual: ordinary(z, TARGET, format), kept: lossless(z, TARGET, format), exact: truth(z) };
    lead.draw();
    formats.draw();
    change(row, { html: `z = (${scrub(app, "precision.lead", t("lead"), digits(z[0], 6))}, ${z.slice(1).map((x) => digits(x, 6)).join(", ")})` });
    const adding = addends(now.usual, format);
    const words = told(app, adding);
    const label = t("sum_label", { format: state["precision.format"], words });
    sum.replaceChildren(drawSum(adding, widthOf(sum), label, t("cut")));
    change(said, { text: words });
    drawTraces(now);
    drawOverview();
    drawCurve();
  }

  // ---- every intermediate

  function drawTraces({ format, usual, kept, exact, z }) {
    const rivals = z.map((_, k) => k).filter((k) => k !== TARGET);
    const [z_, e, p, y] = ["z", "e", "p", "y"].map((letter) => (k) => indexed(letter, k));
    const step = (formula, value, true_) => traced(formula, value, true_, format);
    const exp = (k) => `${e(k)} = exp(${z_(k)} − m)`;
    left.replaceChildren(
      ...rivals.map((k) => step(`${z_(k)} − m`, usual.shifted[k], exact.shifted[k])),
      ...rivals.map((k) => step(exp(k), usual.exps[k], exact.exps[k])),
      step("s = e₀ + e₁ + e₂", usual.sum, exact.sum),
      step("log s", usual.log, exact.loss),
      step("ℓ = log s − (z₀ − m)", usual.loss, exact.loss),
      step("p₀ = e₀/s", usual.p[TARGET], exact.p[TARGET]),
      step("p₀ − y₀ = p₀ − 1", usual.gradient[TARGET], exact.grad[TARGET]),
    );
    right.replaceChildren(
      ...rivals.map((k) => step(exp(k), kept.exps[k], exact.exps[k])),
      step("rest = e₁ + e₂", kept.rest, exact.rest),
      step("ℓ = log1p(rest)", kept.loss, exact.loss),
      step("1 + rest", kept.total, exact.sum),
      step("p₀ − y₀ = −rest/(1 + rest)", kept.gradient[TARGET], exact.grad[TARGET]),
      ...rivals.map((k) => step(`${p(k)} − ${y(k)} = ${e(k)}/(1 + rest)`, kept.gradient[k], exact.grad[k])),
    );
  }

  // A formula with its value and its bits; the true value beside it, where it is another by more than a twentieth.
  function traced(formula, value, exact, format) {
    const shown = digits(value, format === FORMATS.float32 ? 8 : 4);
    const far = Math.abs(value - exact) > Math.abs(exact) / 20;
    return h(
      "li",
      { class: isLost(value, exact) ? "lost" : undefined },
      h(
        "span",
        { class: "formula" },
        h("span", { text: formula }),
        h("b", { text: ` = ${shown}` }),
        h("small", { text: far ? t("true_value", { value: digits(exact, 3) }) : "" }),
      ),
      bitField(value, exact, format),
    );
  }

  // Sign, exponent and fraction; what differs from the true value, rounded to the format, is marked.
  function bitField(value, exact, format) {
    const [found, best] = [bits(value, format), bits(exact, format)];
    const marked = (bit, other) => (bit === other ? bit : h("mark", { text: bit }));
    const part = (key) => h("span", { class: key }, ...[...found[key]].map((bit, i) => marked(bit, best[key][i])));
    return h("code", { class: "bits", "aria-hidden": "true" }, part("sign"), part("exponent"), part("fraction"));
  }

  // ---- the three formats beside each other

  function drawOverview() {
    const heads = [t("format"), t("ordinary_short"), "log1p(rest)", t("true_short")];
    overview.replaceChildren(
      h("caption", { html: t("overview_caption") }),
      h("tr", {}, ...heads.map((html) => h("th", { scope: "col", html }))),
      ...NAMES.map(overviewRow),
    );
  }

  function overviewRow(one) {
    const format = FORMATS[one];
    const z = rowOf(state["precision.lead"], format);
    const exact = truth(z).loss;
    const loss = (value) => h("td", { class: isLost(value, exact) ? "lost" : undefined, text: digits(value, 3) });
    return h(
      "tr",
      { class: one === state["precision.format"] ? "chosen" : undefined },
      h("th", { scope: "row" }, one, h("small", { text: `1 + ${format.exponentBits} + ${format.fractionBits}` })),
      loss(ordinary(z, TARGET, format).loss),
      loss(lossless(z, TARGET, format).loss),
      loss(exact),
    );
  }

  function drawCurve() {
    const [width, height] = [widthOf(curve), 230];
    const [left, right, top, bottom] = [42, width - 10, 8, height - 36];
    const x = linear([0, MOST_LEAD], [left, right]);
    const y = linear([-11, 0.3], [bottom - 16, top]);
    const place = (value) => (value > 0 ? y(Math.log10(value)) : bottom); // 0 has a line of its own
    const lossIn = (one) => (lead) => ordinary(rowOf(lead, FORMATS[one]), TARGET, FORMATS[one]).loss;
    const trueLoss = (lead) => truth(rowOf(lead, FORMATS.float32)).loss;
    const line = (loss, kind) =>
      s("path", { d: polyline(LEADS.map((lead) => [x(lead), place(loss(lead))])), class: `line ${kind}` });
    const chosen = (one) => (one === state["precision.format"] ? "chosen" : "");
    const gone = Object.fromEntries(NAMES.map((one) => [one, LEADS.find((lead) => lossIn(one)(lead) === 0)]));
    const text = (at, anchor, words) => s("text", { ...at, "text-anchor": anchor, class: "tick", text: words });
    const now = x(state["precision.lead"]);
    curve.replaceChildren(
      drawing(
        width,
        height,
        { "aria-label": t("curve_label", gone) },
        axes({
          ...{ x, y, left, right, top, bottom, xLabel: t("lead_axis") },
          xTicks: [0, 6, 12, 18, 24].map((v) => [v, String(v)]),
          yTicks: [0, -3, -6, -9].map((v) => [v, v === 0 ? "1" : `10${raise(v)}`]),
        }),
        text({ x: left - 6, y: bottom + 4 }, "end", "0"),
        s("line", { x1: now, x2: now, y1: top, y2: bottom, class: "cut" }),
        line(trueLoss, "true"),
        ...NAMES.map((one) => line(lossIn(one), `${one} ${chosen(one)}`)),
        text({ x: x(gone.bfloat16) - 5, y: bottom - 30 }, "end", "bfloat16"),
        text({ x: x(gone.float16) + 5, y: bottom - 30 }, "start", "float16"),
        text({ x: x(gone.float32) - 5, y: bottom - 30 }, "end", "float32"),
        text({ x: right, y: place(trueLoss(MOST_LEAD)) - 12 }, "end", t("true_short")),
      ),
    );
  }

  const widthOf = widths([sum, curve], draw);
  return draw;
}

// A number that ought to be there, and is 0.
const isLost = (value, exact) => value === 0 && exact !== 0;
