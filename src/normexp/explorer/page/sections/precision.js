// Section 6: one confident row in float16, bfloat16 and float32, bit by bit: the ordinary computation,
// which rounds the row's loss away, and the one that keeps it.

import { buttons, slider } from "controls";
import { change, h, s } from "dom";
import { digits, indexed, raise } from "format";
import { FORMATS, bits, lastPlace, places, round } from "formats";
import { lossless, ordinary } from "narrow";
import { crossEntropy, summary } from "numerics";
import { axes, linear, polyline, redrawOnResize } from "plot";
import { choice, number } from "state";

export { words } from "sections/precision.words";

const NAMES = Object.keys(FORMATS);
const MOST_LEAD = 24;
const TARGET = 0;
const rowOf = (lead, format) => [lead, 0, -1].map((x) => round(x, format));

export const name = "precision";
export const fields = {
  "precision.format": choice("float32", NAMES),
  "precision.lead": number(20, { min: 0, max: MOST_LEAD }),
};
export const uses = [];

// The value of every step, were no operation rounded.
export function truth(z) {
  const { rest } = summary(z);
  const { value, grad } = crossEntropy(z, TARGET);
  const p = z.map((x) => Math.exp(x - z[TARGET]) / (1 + rest));
  return { shifted: z.map((x) => x - z[TARGET]), exps: z.map((x) => Math.exp(x - z[TARGET])), rest, sum: 1 + rest, loss: value, p, grad };
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
    h("div", { class: "panels" }, lead.node, h("div", { class: "control" }, h("span", { text: t("format") }), formats.node)),
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
    h("div", { class: "beside" }, h("div", {}, h("h3", { html: t("overview") }), overview, h("p", { class: "note", html: t("overview_note") })), h("div", {}, h("h3", { html: t("curve_title") }), curve)),
  );

  function draw() {
    const format = FORMATS[state["precision.format"]];
    const z = rowOf(state["precision.lead"], format);
    const now = { format, z, usual: ordinary(z, TARGET, format), kept: lossless(z, TARGET, format), true: truth(z) };
    lead.draw();
    formats.draw();
    change(row, { text: `z = (${z.map((x) => digits(x, 6)).join(", ")})` });
    drawSum(now);
    drawTraces(now);
    drawOverview();
    drawCurve();
  }

  // ---- the sum

  function drawSum({ format, usual }) {
    const lines = usual.exps.map((e, k) => ({ name: indexed("e", k), value: e, gain: usual.sums[k] - (usual.sums[k - 1] ?? 0), bits: places(e, format) }));
    const total = { name: "s", value: usual.sum, bits: places(usual.sum, format) };
    const first = total.bits[0][0];
    const cut = lastPlace(usual.sum, format);
    const last = Math.min(cut - 6, ...lines.flatMap((line) => line.bits.map(([at]) => at)));
    const width = sum.clientWidth;
    const [names, lineHeight, top] = [28, 22, 20];
    const cell = Math.min(14, (width - names) / (first - last + 1));
    const x = (at) => names + (first - at) * cell;
    const height = top + 4 * lineHeight + 26;
    const draw = (line, i) => {
      const y = top + i * lineHeight + (i === lines.length ? 6 : 0);
      return [
        s("text", { x: 0, y: y + 15, class: "name", text: line.name }),
        ...line.bits.map(([at, bit]) => bitCell(x(at), y + 3, cell, bit, at < cut)),
      ];
    };
    const ruleY = top + lines.length * lineHeight + 3;
    const cutX = x(cut - 1);
    const tick = (at, anchor) => s("text", { x: x(at) + (anchor === "end" ? cell : 0), y: 12, class: "tick", "text-anchor": anchor, text: `2${raise(at)}` });
    sum.replaceChildren(
      s(
        "svg",
        { width, height, role: "img", "aria-label": t("sum_label", { format: state["precision.format"], words: verdict(lines, cut) }) },
        tick(first, "start"),
        tick(cut, "end"),
        tick(last, "end"),
        ...[...lines, total].flatMap(draw),
        s("line", { x1: names, x2: x(last - 1), y1: ruleY, y2: ruleY, stroke: "var(--ink)" }),
        s("line", { x1: cutX, x2: cutX, y1: 16, y2: height - 14, class: "cut" }),
        s("text", { x: cutX + 6, y: height - 8, class: "tick", text: t("cut") }),
      ),
    );
    change(said, { html: verdict(lines, cut) });
  }

  function bitCell(x, y, size, bit, lost) {
    const box = s("rect", { x: x + 0.5, y, width: size - 1, height: 16, rx: Math.min(2, size / 4), class: `bit ${bit === "1" ? "one" : "zero"}${lost ? " lost" : ""}` });
    if (size < 9) return box;
    return s("g", {}, box, s("text", { x: x + size / 2, y: y + 12, class: `digit ${bit === "1" ? "one" : "zero"}${lost ? " lost" : ""}`, text: bit }));
  }

  // What became of the smaller numbers, in words.
  function verdict(lines, cut) {
    return lines
      .slice(1)
      .map(({ name, value, gain, bits }) => {
        if (bits.length === 0) return t("underflow", { name });
        const lost = bits.filter(([at]) => at < cut).length;
        const key = lost === 0 ? "whole" : lost === bits.length ? "gone" : "partly";
        return t(key, { name, value: digits(value, 3), first: `2${raise(bits[0][0])}`, cut: `2${raise(cut)}`, lost, all: bits.length, gain: digits(gain, 3) });
      })
      .join(" ");
  }

  // ---- every intermediate

  function drawTraces({ format, usual, kept, true: exact, z }) {
    const others = z.map((_, k) => k).slice(1);
    left.replaceChildren(
      ...others.map((k) => step(`${indexed("z", k)} − m`, usual.shifted[k], exact.shifted[k], format)),
      ...others.map((k) => step(`${indexed("e", k)} = exp(${indexed("z", k)} − m)`, usual.exps[k], exact.exps[k], format)),
      step("s = e₀ + e₁ + e₂", usual.sum, exact.sum, format),
      step("log s", usual.log, exact.loss, format),
      step("ℓ = log s − (z₀ − m)", usual.loss, exact.loss, format),
      step("p₀ = e₀/s", usual.p[0], exact.p[0], format),
      step("p₀ − y₀ = p₀ − 1", usual.gradient[0], exact.grad[0], format),
    );
    right.replaceChildren(
      ...others.map((k) => step(`${indexed("e", k)} = exp(${indexed("z", k)} − m)`, kept.exps[k], exact.exps[k], format)),
      step("rest = e₁ + e₂", kept.rest, exact.rest, format),
      step("ℓ = log1p(rest)", kept.loss, exact.loss, format),
      step("1 + rest", kept.total, exact.sum, format),
      step("p₀ − y₀ = −rest/(1 + rest)", kept.gradient[0], exact.grad[0], format),
      ...others.map((k) => step(`p${indexed("", k)} − y${indexed("", k)} = e${indexed("", k)}/(1 + rest)`, kept.gradient[k], exact.grad[k], format)),
    );
  }

  function step(formula, value, exact, format) {
    const wrong = value === 0 && exact !== 0;
    const far = Math.abs(value - exact) > Math.abs(exact) / 20;
    return h(
      "li",
      { class: wrong ? "lost" : undefined },
      h("span", { class: "formula" }, h("span", { text: formula }), h("b", { text: ` = ${digits(value, format === FORMATS.float32 ? 8 : 4)}` }), h("small", { text: far ? t("true_value", { value: digits(exact, 3) }) : "" })),
      field(value, exact, format),
    );
  }

  // Sign, exponent and fraction; what differs from the true value, rounded to the format, is marked.
  function field(value, exact, format) {
    const [found, best] = [bits(value, format), bits(exact, format)];
    const part = (key) =>
      h("span", { class: key }, ...[...found[key]].map((bit, i) => (bit === best[key][i] ? bit : h("mark", { text: bit }))));
    return h("code", { class: "bits", "aria-hidden": "true" }, part("sign"), part("exponent"), part("fraction"));
  }

  // ---- the three formats beside each other

  function drawOverview() {
    const cells = (one) => {
      const format = FORMATS[one];
      const z = rowOf(state["precision.lead"], format);
      const [usual, kept, exact] = [ordinary(z, TARGET, format), lossless(z, TARGET, format), truth(z)];
      const mark = (value, best) => h("td", { class: value === 0 && best !== 0 ? "lost" : undefined, text: digits(value, 3) });
      return h(
        "tr",
        { class: one === state["precision.format"] ? "chosen" : undefined },
        h("th", { scope: "row" }, one, h("small", { text: `1 + ${format.exponentBits} + ${format.fractionBits}` })),
        mark(usual.loss, exact.loss),
        mark(kept.loss, exact.loss),
        h("td", { text: digits(exact.loss, 3) }),
      );
    };
    const head = ["", t("ordinary_short"), "log1p(rest)", t("true_short")].map((text) => h("th", { scope: "col", html: text }));
    overview.replaceChildren(h("caption", { html: t("overview_caption") }), h("tr", {}, ...head), ...NAMES.map(cells));
  }

  function drawCurve() {
    const [width, height] = [curve.clientWidth, 230];
    const [left, right, top, bottom] = [42, width - 10, 8, height - 36];
    const LOWEST = -11;
    const x = linear([0, MOST_LEAD], [left, right]);
    const y = linear([LOWEST, 0.3], [bottom - 16, top]);
    const at = (value) => (value > 0 ? y(Math.log10(value)) : bottom); // 0 has a line of its own
    const leads = Array.from({ length: 4 * MOST_LEAD + 1 }, (_, i) => i / 4);
    const lossOf = (one) => (lead) => ordinary(rowOf(lead, FORMATS[one]), TARGET, FORMATS[one]).loss;
    const line = (value, cls) => s("path", { d: polyline(leads.map((lead) => [x(lead), at(value(lead))])), class: cls });
    const lines = NAMES.map((one) => line(lossOf(one), `line ${one}${one === state["precision.format"] ? " chosen" : ""}`));
    const fall = (one) => leads.find((lead) => lossOf(one)(lead) === 0);
    const label = (one, side) => s("text", { x: x(fall(one)) + 5 * side, y: bottom - 30, "text-anchor": side < 0 ? "end" : "start", class: "tick", text: one });
    const xTicks = [0, 6, 12, 18, 24].map((v) => [v, String(v)]);
    const yTicks = [0, -3, -6, -9].map((v) => [v, v === 0 ? "1" : `10${raise(v)}`]);
    curve.replaceChildren(
      s(
        "svg",
        { width, height, role: "img", "aria-label": t("curve_label", Object.fromEntries(NAMES.map((one) => [one, fall(one)]))) },
        axes({ x, y, xTicks, yTicks, left, right, top, bottom, xLabel: t("lead_axis") }),
        s("text", { x: left - 6, y: bottom + 4, class: "tick", "text-anchor": "end", text: "0" }),
        s("line", { x1: x(state["precision.lead"]), x2: x(state["precision.lead"]), y1: top, y2: bottom, class: "cut" }),
        line((lead) => truth(rowOf(lead, FORMATS.float32)).loss, "line true"),
        ...lines,
        label("bfloat16", -1),
        label("float16", 1),
        label("float32", -1),
        s("text", { x: right, y: at(truth(rowOf(MOST_LEAD, FORMATS.float32)).loss) - 12, "text-anchor": "end", class: "tick true", text: t("true_short") }),
      ),
    );
  }

  redrawOnResize(sum, draw);
  return draw;
}

