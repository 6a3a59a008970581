// What is set by hand beside the pictures: sliders and rows of buttons, each bound to one key of the state.

import { change, h } from "dom";
import { setting } from "format";

// A slider on a scale of its own: `there` leads from the value to the scale, `back` from it.
export function slider(app, key, { label, min, max, step, there = (x) => x, back = (x) => x, show = setting }) {
  const output = h("output");
  const input = h("input", {
    type: "range",
    min: there(min),
    max: there(max),
    step,
    oninput: () => app.set({ [key]: back(Number(input.value)) }),
    onpointercancel: () => app.revert(), // the finger went on to scroll the page
  });
  return {
    node: h("label", { class: "slider" }, h("span", { html: label }), input, output),
    draw() {
      const value = app.state[key];
      input.value = there(value);
      output.value = show(value);
      change(input, { "aria-valuetext": show(value) });
    },
  };
}

// A row of buttons of which one is pressed. `options` has the text of each value, or a function that gives the text of
// now; with a `name` they have ids.
export function buttons({ name, label, options, pressed, press }) {
  const id = (value) => name && `${name}-${value}`;
  const all = options.map(([value, html]) => [value, h("button", { id: id(value), type: "button", html: typeof html === "function" ? html() : html, onclick: () => press(value) })]);
  return {
    node: h("div", { class: "buttons", role: "group", "aria-label": label }, ...all.map(([, button]) => button)),
    draw() {
      const now = pressed();
      all.forEach(([value, button], i) => {
        const html = options[i][1];
        if (typeof html === "function" && button.innerHTML !== html()) button.innerHTML = html();
        change(button, { "aria-pressed": String(value === now) });
      });
    },
  };
}

export const button = (text, onclick, attributes = {}) => h("button", { type: "button", text, onclick, ...attributes });
