// The controls that sections share. Each is {element, show(value)}: what to put into the page, and
// how to tell it the value of now.

import { change, h } from "dom";
import { setting } from "format";

let count = 0;
const freshId = () => `control-${(count += 1)}`;

// A slider with its label and its value; `input` is called with the number that is set.
export function slider({ label, min, max, step, input, text = setting }) {
  const id = freshId();
  const range = h("input", { id, type: "range", min, max, step, oninput: () => input(Number(range.value)) });
  const output = h("output", { for: id });
  const element = h("div", { class: "slider" }, h("label", { for: id, html: label }), range, output);
  return {
    element,
    show(value) {
      range.value = value;
      output.textContent = text(value);
      change(range, { "aria-valuetext": text(value) });
    },
  };
}

// Buttons of which one is pressed; `options` are [value, text, attributes].
export function chooser({ label, options, choose }) {
  const buttons = options.map(([value, text, attributes = {}]) =>
    h("button", { type: "button", html: text, onclick: () => choose(value), ...attributes }),
  );
  const element = h("div", { class: "chooser", role: "group", "aria-label": label }, h("span", { text: label }), ...buttons);
  return {
    element,
    show(value) {
      buttons.forEach((button, i) => change(button, { "aria-pressed": String(options[i][0] === value) }));
    },
  };
}

export const button = (text, onclick, attributes = {}) => h("button", { type: "button", text, onclick, ...attributes });
