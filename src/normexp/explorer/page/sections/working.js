// Section 3: the derivation with the reader's numbers; pointing at a number shows what it was made of.

import { classColour } from "bars";
import { change, h, s } from "dom";
import { digits, indexed, setting } from "format";
import { complement, crossEntropy, softmax, summary } from "numerics";
import * as row from "row";
import { scrub, scrubbable } from "scrub";

export { words } from "sections/working.words";

export const name = "working";
export const fields = {};
export const uses = Object.keys(row.fields);
export const question = { right: 0 };

const NUMBER = "[data-id], [data-of]";
const SHOWN = 5; // classes of their own; of a longer row the largest, and the target

// ---- the working as data: numbers by their ids, each with the numbers it is made of

// A number is { name, value, parts }, `parts` its formula: text, and ids of other numbers in it.
// A step is { key, formula, of }: ids of the numbers that it adds.
export function working(state) {
  const x = row.scaled(state);
  const y = row.target(state);
  const { m, lead, e, rest } = summary(x);
  const p = softmax(x);
  const { value: loss, grad } = crossEntropy(x, y);
  const classes = shownOf(x, y);
  const others = x.length - classes.length;
  const plain = state.shift === 0 && state.temperature === 1;

  const numbers = {};
  const number = (id, name, value, parts = [], k = undefined) => {
    numbers[id] = { name, value, parts, k };
    return id;
  };
  const each = (letter, values, parts, title = letter) =>
    classes.map((k) => number(`${letter}${k}`, indexed(title, k), values[k], parts?.(k), k));
  // The sum of a letter over the classes but one; those not shown come as one number.
  const sumBut = (letter, but, values) => {
    const ids = classes.filter((k) => k !== but).map((k) => `${letter}${k}`);
    if (others > 0) {
      const value = values.reduce((sum, v, k) => (classes.includes(k) ? sum : sum + v), 0);
      ids.push(number(`${letter}-others`, "others", value, [], undefined));
    }
    return ids.flatMap((id, i) => (i ? [" + ", id] : [id]));
  };

  const steps = [{ key: "z", of: each("z", state.z) }];
  const from = plain ? "z" : "x";
  if (!plain) steps.push({ key: "x", of: each("x", x, (k) => ["(", `z${k}`, ` + ${setting(state.shift)}) / ${setting(state.temperature)}`]) });
  const list = classes.flatMap((k, i) => (i ? [", ", `${from}${k}`] : [`${from}${k}`]));
  steps.push(
    { key: "m", of: [number("m", "m", m, ["max(", ...list, others ? ", …)" : ")"])] },
    { key: "d", of: each("d", x.map((v) => v - m), (k) => [`${from}${k}`, " − ", "m"]) },
    { key: "e", of: each("e", e, (k) => ["exp(", `d${k}`, ")"]) },
    { key: "rest", of: [number("rest", "rest", rest, sumBut("e", lead, e))] },
    { key: "p", of: each("p", p, (k) => [`e${k}`, " / (1 + ", "rest", ")"]) },
    { key: "loss", of: [number("loss", "loss", loss, ["(", "m", " − ", `${from}${y}`, ") + log(1 + ", "rest", ")"])] },
    {
      key: "slope",
      of: each(
        "s",
        p.map((q, k) => (k === y ? q * complement(p, y) : -p[y] * q)),
        (k) => (k === y ? [`p${y}`, " · ", ...(p[y] < 0.9999 ? ["(1 − ", `p${y}`] : ["(", ...sumBut("p", y, p)]), ")"] : ["−", `p${y}`, " · ", `p${k}`]),
        `∂p/∂${from}`,
      ),
    },
    { key: "grad", of: each("g", grad, (k) => (k === y ? ["−(", ...sumBut("p", y, p), ")"] : [`p${k}`, " − 0"]), "g") },
  );
  if (state.temperature !== 1) {
    steps.push({ key: "grad_z", of: each("gz", grad.map((g) => g / state.temperature), (k) => [`g${k}`, ` / ${setting(state.temperature)}`], "∂loss/∂z") });
  }
  return { numbers, steps, others, from };
}

function shownOf(x, y) {
  const order = x.map((_, k) => k);
  if (x.length <= SHOWN) return order;
  const largest = order.sort((i, j) => x[j] - x[i]).slice(0, SHOWN);
  return [...new Set([...largest, y])].sort((i, j) => i - j);
}

// ---- the formulas

const i = (letter) => `<mi>${letter}</mi>`;
const o = (sign) => `<mo>${sign}</mo>`;
const one = "<mn>1</mn>";
const sub = (letter, index) => `<msub>${i(letter)}${i(index)}</msub>`;
const frac = (above, below) => `<mfrac><mrow>${above}</mrow><mrow>${below}</mrow></mfrac>`;
const sum = (below) => `<munder>${o("∑")}<mrow>${below}</mrow></munder>`;
const named = (word) => `<mi>${word}</mi><mspace width="0.17em"/>`;
const text = (words) => `<mtext>${words}</mtext>`;
const slope = (above, below) => frac(o("∂") + above, o("∂") + below);
const cases = (...lines) =>
  `<mrow><mo>{</mo><mtable columnalign="left">${lines.map(([value, when]) => `<mtr><mtd>${value}</mtd><mtd>${when}</mtd></mtr>`).join("")}</mtable></mrow>`;

// The sides of an equation, each a piece of its own, so that a long one breaks before "=".
function formula(key, from) {
  const x = (index) => sub(from, index);
  const isTarget = i("i") + o("=") + i("y");
  const isOther = i("i") + o("≠") + i("y");
  const whole = one + o("+") + text("rest");
  const p = (index) => sub("p", index);
  const sides = {
    z: [sub("z", "k")],
    x: [x("k"), frac(sub("z", "k") + o("+") + i("c"), i("T"))],
    m: [i("m"), named("max") + sub(from, "k")],
    d: [sub("d", "k"), x("k") + o("−") + i("m")],
    e: [sub("e", "k"), named("exp") + sub("d", "k")],
    rest: [text("rest"), sum(i("k") + o("≠") + text("lead")) + sub("e", "k")],
    p: [p("k"), frac(sub("e", "k"), whole)],
    loss: [text("loss"), o("−") + named("log") + p("y"), o("(") + i("m") + o("−") + x("y") + o(")") + o("+") + named("log") + o("(") + whole + o(")")],
    slope: [slope(p("y"), x("i")), cases([p("y") + o("(") + one + o("−") + p("y") + o(")"), isTarget], [o("−") + p("y") + p("i"), isOther])],
    grad: [sub("g", "i"), slope(text("loss"), x("i")), o("−") + frac(one, p("y")) + slope(p("y"), x("i")), cases([p("y") + o("−") + one, isTarget], [p("i"), isOther])],
    grad_z: [slope(text("loss"), sub("z", "i")), frac(sub("g", "i"), i("T"))],
  }[key];
  return sides.map((side, at) => `<math displaystyle="true"><mrow>${at ? o("=") : ""}${side}</mrow></math>`).join(" ");
}

// ---- the drawing

export function create(place, app) {
  const { t, state } = app;
  const list = h("ol", { class: "steps", "aria-label": t("numbers") });
  const lines = s("svg", { class: "origins", "aria-hidden": "true" });
  const says = h("p", { class: "says", "aria-live": "polite" });
  const sheet = h("div", { class: "sheet" }, list, lines);
  place.append(sheet, says);

  let shown; // what working() gave
  const titled = (id) => {
    const { name: title, value } = shown.numbers[id];
    return `${title === "others" ? t("others", { n: shown.others }) : title} = ${digits(value)}`;
  };
  const made = (id) => [...new Set(shown.numbers[id].parts.filter((part) => part in shown.numbers))];
  const find = (id) => list.querySelector(`[data-id="${id}"]`);

  // A number in its own place has an id; one in a formula says which it stands for.
  const button = (attributes, id) => h("button", { type: "button", tabindex: -1, "aria-label": titled(id), text: digits(shown.numbers[id].value), ...attributes });

  // A score is no button: it can be moved.
  const given = (id, k) => {
    if (!/^z\d/.test(id)) return undefined;
    const number = h("span", { class: "own", tabindex: -1, "data-id": id, text: digits(shown.numbers[id].value) });
    return scrubbable(app, `z:${k}`, t("score_of", { name: row.called(state, t, k) }), number);
  };

  function cell(id) {
    const { name: title, parts, k } = shown.numbers[id];
    const inside = parts.map((part) => (part in shown.numbers ? button({ class: "of", "data-of": part, style: tint(shown.numbers[part].k) }, part) : part));
    const own = given(id, k) ?? button({ class: "own", "data-id": id }, id);
    return h(
      "div",
      { class: "cell", style: tint(k) },
      h("span", { class: "name", text: `${title} = ` }),
      ...(inside.length ? [h("span", { class: "parts" }, ...inside), " "] : []),
      h("span", { class: "result" }, inside.length ? "= " : "", own),
    );
  }

  function step({ key, of }) {
    const why = t(`step_${key}`, key === "x" ? { shift: scrub(app, "shift", t("shift")), temperature: scrub(app, "temperature", t("temperature")) } : {});
    return h("li", { "data-step": key }, h("div", { class: "why" }, h("div", { class: "formula", html: formula(key, shown.from) }), h("p", { html: why })), h("div", { class: "cells" }, ...of.map(cell)));
  }

  // ---- pointing

  function ask(element) {
    forget();
    const id = element.dataset.id ?? element.dataset.of;
    const origins = element.dataset.id ? made(id) : [id];
    element.classList.add("asked");
    for (const origin of origins) {
      const source = find(origin);
      if (!source) continue;
      source.classList.add("origin");
      lines.append(s("path", { d: path(source, element), style: tint(shown.numbers[origin].k) }));
    }
    const of = origins.map(titled);
    const last = of.pop();
    says.textContent = element.dataset.of
      ? titled(id)
      : last === undefined
        ? t("given", { what: titled(id) })
        : t("made", { what: titled(id), of: of.length ? of.join(t("comma")) + t("and") + last : last });
  }

  function forget() {
    for (const element of list.querySelectorAll(".asked, .origin")) element.classList.remove("asked", "origin");
    lines.replaceChildren();
    says.textContent = t("ask");
  }

  function path(source, element) {
    const sheetBox = sheet.getBoundingClientRect();
    const centre = (box) => box.left + box.width / 2 - sheetBox.left;
    const a = source.getBoundingClientRect();
    const b = element.getBoundingClientRect();
    const [fromY, toY] = [a.bottom - sheetBox.top, b.top - sheetBox.top];
    const bend = Math.max(12, Math.abs(toY - fromY) / 2);
    return `M${centre(a)},${fromY}C${centre(a)},${fromY + bend} ${centre(b)},${toY - bend} ${centre(b)},${toY}`;
  }

  const numberAt = (event) => event.target.closest(NUMBER);
  sheet.addEventListener("pointerover", (event) => numberAt(event) && ask(numberAt(event)));
  sheet.addEventListener("focusin", (event) => {
    if (!numberAt(event)) return forget();
    for (const each of list.querySelectorAll(`:is(${NUMBER})[tabindex="0"]`)) each.tabIndex = -1;
    event.target.tabIndex = 0;
    return ask(event.target);
  });
  sheet.addEventListener("pointerleave", () => (document.activeElement.matches(`.sheet :is(${NUMBER})`) ? ask(document.activeElement) : forget()));
  sheet.addEventListener("focusout", forget);
  sheet.addEventListener("keydown", (event) => {
    if (!numberAt(event)) return;
    if (event.target.dataset.scrub && /Up|Down/.test(event.key)) return; // these move it
    const all = [...list.querySelectorAll(NUMBER)];
    const at = all.indexOf(event.target);
    const up = event.target.dataset.of ?? made(event.target.dataset.id)[0];
    const to = { ArrowRight: all[at + 1], ArrowLeft: all[at - 1], ArrowDown: all[at + 1], ArrowUp: up && find(up), Home: all[0], End: all.at(-1) }[event.key];
    if (!to) return;
    event.preventDefault();
    to.focus();
  });

  return () => {
    shown = working(state);
    list.replaceChildren(...shown.steps.map(step));
    change(list.querySelector(NUMBER), { tabindex: 0 });
    forget();
  };
}

const tint = (k) => (k === undefined ? undefined : `--class: ${classColour(k)}`);
