// Section 2: what each loss says of the scores, and where its gradient moves them.

import { bars, classColour, FEW } from "bars";
import { change, h, s } from "dom";
import { digits, setting } from "format";
import * as numerics from "numerics";
import { lossColour, wholeTicks } from "plot";
import * as row from "row";
import { evaluate, fields, targetControls, targetOf } from "sections/loss.target";
import { scrub } from "scrub";

export { words } from "sections/loss.words";

export const name = "loss";
export { fields };
export const uses = Object.keys(row.fields);
export const question = { right: 1, shows: { z: [1, 6, -1], target: 1 } };

const ROOM = 5; // of so many bars each has room for all digits of its score beside its arrow
const LOSSES = ["crossEntropy", "westonWatkins", "crammerSinger", "squaredError", "brier"];

export function create(place, app) {
  const { t, state } = app;
  const picker = targetControls(app);
  let grad = [];
  let target;
  const scores = bars(app, {
    label: t("pulls"),
    text: (k, score) => (target.masked.includes(k) ? "−∞" : state.z.length > ROOM ? digits(score, 3) : setting(score)),
    name: (k) => t("score_of", { name: row.called(state, t, k), gradient: digits(grad[k], 3) }),
    move: (changes) => row.move(app, changes),
  });
  const gradient = numbersBelow(3, 40);
  const manySlopes = bars(app, { label: t("slopes") });
  const longest = h("p", { class: "note" });
  const hint = h("p", { class: "note" });
  const price = priceCurve(app);
  const sees = h("p", { class: "note" });
  const multiples = LOSSES.map((loss) => multiple(app, loss));
  const besides = h("div", { class: "multiples" }, ...multiples.map(({ node }) => node));
  const moving = movingTarget(app);

  place.append(
    picker.node,
    h(
      "div",
      { class: "panels" },
      h("figure", {}, h("h3", { text: t("pulls") }), scores.node, scores.byFinger, h("h4", { html: t("gradient") }), gradient.node, h("div", { class: "low" }, manySlopes.node), longest, hint),
      h("figure", {}, h("h3", { text: t("price") }), price.node),
    ),
    h("h3", { text: t("beside") }),
    sees,
    besides,
    h("figure", {}, h("h3", { text: t("moving") }), moving.node),
  );

  return () => {
    target = targetOf(state);
    const { x, y } = target;
    ({ grad } = evaluate("crossEntropy", x, target));
    scores.draw({ values: state.z, range: row.axis(state), pulls: grad.map((g) => -g), marked: y });
    gradient.draw(grad);
    manySlopes.node.hidden = x.length <= FEW;
    longest.textContent = "";
    if (x.length > FEW) {
      manySlopes.draw({ values: grad, range: span(grad), marked: y });
      longest.textContent = t("longest", { most: digits(Math.max(...grad.map(Math.abs)), 3) });
    }
    change(hint, { html: t(x.length <= FEW ? "pulls_hint" : "pulls_hint_many") });
    const plain = state.shift === 0 && state.temperature === 1;
    sees.innerHTML = plain ? "" : t("sees", { shift: scrub(app, "shift", t("shift")), temperature: scrub(app, "temperature", t("temperature")) });
    besides.style.setProperty("--count", Math.min(x.length, FEW));
    for (const part of [picker, price, moving, ...multiples]) part.draw(x, target);
  };
}

// The range of an axis that holds 0 and all values.
const span = (values) => (values.every((x) => x === 0) ? [-1, 1] : [Math.min(0, ...values), Math.max(0, ...values)]);

// ---- a number below each bar, upright where there is no room for so many beside each other

// Of `count` digits; side by side there is room for so many characters.
function numbersBelow(count, room) {
  const node = h("div", { class: "names" });
  return {
    node,
    draw(values) {
      node.hidden = values.length > FEW;
      if (node.hidden) return;
      node.style.setProperty("--count", values.length);
      const texts = values.map((x) => digits(x, count));
      node.classList.toggle("crowded", values.length * Math.max(...texts.map((text) => text.length)) > room);
      node.replaceChildren(...texts.map((text, k) => h("b", { style: `color: ${classColour(k)}`, text })));
    },
  };
}

// ---- −log p

function priceCurve({ t }) {
  const [WIDTH, HEIGHT, LEFT, BOTTOM] = [400, 230, 28, 26];
  const node = s("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT + BOTTOM}`, role: "img" });
  const sentence = h("p", { class: "observation" });
  const across = (p) => LEFT + p * (WIDTH - LEFT - 12);

  return {
    node: h("div", {}, node, sentence),
    draw(x, target) {
      const { y, q, smoothing } = target;
      const { value } = numerics.crossEntropy(x, y);
      const p = numerics.softmax(x)[y];
      const top = Math.max(5, 1.15 * value);
      const up = (loss) => HEIGHT - (loss / top) * HEIGHT;
      const losses = Array.from({ length: 120 }, (_, i) => top * (1 - i / 119));
      node.replaceChildren(
        s(
          "g",
          { class: "axis" },
          s("path", { d: `M${LEFT},0V${HEIGHT}H${across(1)}` }),
          ...wholeTicks(top, 6).map((mark) => s("text", { x: LEFT - 6, y: up(mark) + 4, "text-anchor": "end", text: setting(mark) })),
          ...[0, 0.25, 0.5, 0.75, 1].map((mark) => s("text", { x: across(mark), y: HEIGHT + 18, "text-anchor": "middle", text: mark })),
        ),
        s("path", { class: "line", d: `M${losses.map((loss) => `${across(Math.exp(-loss)).toFixed(1)},${up(loss).toFixed(1)}`).join("L")}` }),
        s(
          "g",
          { style: `--class: ${classColour(y)}` },
          s("path", { class: "drop", d: `M${across(p)},${HEIGHT}V${up(value)}H${LEFT}` }),
          s("circle", { cx: across(p), cy: up(value), r: 6 }),
        ),
      );
      const said = { p: digits(p), loss: digits(value) };
      sentence.innerHTML = t("price_sentence", said);
      if (q || smoothing > 0) {
        const shares = numerics.smoothed(q ?? numerics.oneHot(x.length, y), smoothing);
        const floor = digits(numerics.entropy(shares));
        sentence.innerHTML += `<br>${t("price_shares", { shares: shares.map((share) => digits(share, 2)).join(", "), loss: digits(evaluate("crossEntropy", x, target).value), floor })}`;
      }
      change(node, { "aria-label": t("price_label", said) });
    },
  };
}

// ---- one loss of several

function multiple(app, loss) {
  const { t, state } = app;
  const value = h("b", { class: "value" });
  const picture = bars(app, { label: t(loss), text: () => "" });
  const gradient = numbersBelow(2, 21);
  const says = h("p", { class: "note" });
  const node = h("figure", { "data-loss": loss }, h("h4", { text: t(loss) }), value, h("div", { class: "small", "aria-hidden": "true" }, picture.node), gradient.node, says);
  return {
    node,
    draw(x, target) {
      const { y } = target;
      const found = evaluate(loss, x, target);
      node.classList.toggle("unfit", !found);
      const { value: cost, grad } = found ?? { value: NaN, grad: x.map(() => 0) };
      value.textContent = found ? digits(cost) : "—";
      const pulls = grad.map((g) => -g);
      if (x.length <= FEW) picture.draw({ values: state.z, range: row.axis(state), pulls, marked: y });
      else {
        picture.draw({ values: pulls, range: span(pulls), marked: y });
      }
      gradient.draw(grad);
      says.innerHTML = found ? said(app, loss, x, target, grad) : t("one_class");
    },
  };
}

function said({ t, state }, loss, x, { y, q, smoothing }, grad) {
  const name = (k) => row.called(state, t, k);
  const pulling = grad.filter((g, k) => k !== y && g !== 0).length;
  const strongest = grad.reduce((best, g, k) => (Math.abs(g) > Math.abs(grad[best]) ? k : best), 0);
  if (!Number.isFinite(grad[strongest])) return t("masked_target");
  switch (loss) {
    case "crossEntropy":
      if (q || smoothing > 0) return t("crossEntropy_shares");
      return t("crossEntropy_pulls", { lack: digits(-grad[y], 3) });
    case "westonWatkins":
      return pulling ? t("westonWatkins_pulls", { n: pulling, others: x.length - 1 }) : t("rests");
    case "crammerSinger":
      return pulling ? t("crammerSinger_pulls", { rival: name(grad.indexOf(1)) }) : t("rests");
    case "squaredError":
      if (grad[strongest] === 0) return t("squaredError_rests");
      if (q) return t("squaredError_pulls", { name: name(strongest) });
      return t(x[y] > 1 ? "squaredError_back" : "squaredError_pulls", { name: name(strongest) });
    default: // Brier
      return t(numerics.softmax(x)[y] < 0.05 ? "brier_flat" : "brier_pulls");
  }
}

// ---- each loss as a function of the target's score

function movingTarget({ t }) {
  const [WIDTH, HEIGHT, LEFT, BOTTOM] = [400, 220, 28, 40];
  const [FROM, TO, TOP] = [-5, 5, 8];
  const node = s("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT + BOTTOM}`, role: "img" });
  const across = (lead) => LEFT + ((lead - FROM) / (TO - FROM)) * (WIDTH - LEFT - 12);
  const up = (value) => HEIGHT - (value / TOP) * HEIGHT;
  const leads = Array.from({ length: 101 }, (_, i) => FROM + (i / 100) * (TO - FROM));
  const values = LOSSES.map(() => h("b"));
  const key = (loss, i) => h("li", {}, s("svg", { class: `chart ${loss}`, style: lossColour(loss), viewBox: "0 0 36 8", "aria-hidden": "true" }, s("path", { class: "line", d: "M0,4H36" })), h("span", { text: t(loss) }), values[i]);

  return {
    node: h("div", { class: "moving" }, node, h("ul", {}, ...LOSSES.map(key))),
    draw(x, target) {
      const { y } = target;
      const rival = Math.max(...x.filter((_, k) => k !== y));
      const now = x[y] - rival;
      // A thousand classes at a hundred places would take longer than a frame.
      const sampled = x.length <= FEW ? leads : [...leads.filter((_, i) => i % 10 === 0), now].filter((lead) => lead >= FROM && lead <= TO).sort((a, b) => a - b);
      const curve = (loss) => {
        const points = sampled.map((lead) => [lead, evaluate(loss, x.with(y, rival + lead), target)?.value]).filter(([, cost]) => Number.isFinite(cost));
        const places = points.map(([a, b]) => `${across(a).toFixed(1)},${up(b).toFixed(1)}`);
        return s("g", { class: loss, style: lossColour(loss) }, s("path", { class: "line", d: places.length > 0 ? `M${places.join("L")}` : "" }));
      };
      const costs = LOSSES.map((loss) => evaluate(loss, x, target)?.value ?? NaN);
      node.replaceChildren(
        s(
          "g",
          { class: "axis" },
          s("path", { d: `M${LEFT},0V${HEIGHT}H${across(TO)}` }),
          s("path", { class: "faint", d: `M${across(0)},0V${HEIGHT}` }),
          ...[0, 2, 4, 6, 8].map((mark) => s("text", { x: LEFT - 6, y: up(mark) + 4, "text-anchor": "end", text: mark })),
          ...[-4, -2, 0, 2, 4].map((mark) => s("text", { x: across(mark), y: HEIGHT + 17, "text-anchor": "middle", text: setting(mark) })),
          s("text", { x: across(0), y: HEIGHT + 36, "text-anchor": "middle", text: t("moving_axis") }),
        ),
        s("svg", { width: WIDTH, height: HEIGHT, style: "overflow: hidden" }, ...LOSSES.map(curve)), // cut off at the top
        ...costs
          .filter((cost) => cost <= TOP && now >= FROM && now <= TO)
          .map((cost) => s("circle", { cx: across(now), cy: up(cost), r: 5, style: `--class: ${classColour(y)}` })),
      );
      costs.forEach((cost, i) => (values[i].textContent = Number.isNaN(cost) ? "—" : digits(cost)));
      const said = LOSSES.map((loss, i) => `${t(loss)} ${digits(costs[i], 3)}`).join(", ");
      change(node, { "aria-label": t("moving_label", { lead: digits(now, 3), values: said }) });
    },
  };
}
