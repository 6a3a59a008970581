// Numbers that can be dragged where they stand, in sentences, formulas and tables: across with a pointer, or by the
// arrow keys. A section only writes them; the house listens for all, and knows them by their ids: the key of a field,
// or "z:2" and "x:2" for what a class is given and what softmax sees of it, or "train:2" for what the section of that
// name knows, by a function `knob(state, id)` that it exports.

import { change } from "dom";
import { setting } from "format";
import * as row from "row";

const STEPS = 100; // from one end to the other, where a field has no step of its own
const PIXELS = 2; // of a drag for a step

// A number behind an id: its value, its range, and how it is set.
function knob({ fields, state, knobs }, id) {
  const [key, index] = id.split(":");
  if (knobs[key]) return knobs[key](state, id);
  const k = Number(index);
  const { temperature, shift, z } = state;
  const near = (score) => Math.min(row.FARTHEST, Math.max(-row.FARTHEST, score));
  const score = (value) => ({ z: z.with(k, Number(near(value).toPrecision(6))) });
  if (key === "z") return { value: z[k], ends: row.axis(state), changes: score };
  if (key === "x") {
    const ends = row.axis(state).map((end) => (end + shift) / temperature);
    return { value: row.scaled(state)[k], ends, changes: (value) => score(value * temperature - shift) };
  }
  const { min, max, step, log } = fields[key];
  return { value: state[key], ends: [min, max], step, log, changes: (value) => ({ [key]: value }) };
}

// So many steps on from `value`, on the scale of the knob, at a number that reads well.
function moved({ ends, step, log }, value, steps) {
  const there = log ? Math.log10 : (x) => x;
  const [low, high] = ends.map(there);
  const unit = log || !step ? (high - low) / STEPS : step;
  const place = Math.min(high, Math.max(low, there(value) + steps * unit));
  return log ? Number((10 ** place).toPrecision(2)) : Number((Math.round(place / unit) * unit).toPrecision(6));
}

/** The number as markup for a sentence; `text` is how it is written there, and `label` what it is. */
export function scrub(app, id, label, text) {
  const { value, ends } = knob(app, id);
  const about = { min: ends[0], max: ends[1], now: value, text: setting(value) };
  const aria = Object.entries(about).map(([name, x]) => `aria-value${name}="${x}"`);
  return `<span class="scrub" role="slider" tabindex="0" data-scrub="${id}" aria-label="${label}" ${aria.join(" ")}>${text ?? setting(value)}</span>`;
}

/** An element made such a number. */
export function scrubbable(app, id, label, element) {
  const { value, ends } = knob(app, id);
  element.classList.add("scrub");
  return change(element, {
    ...{ role: "slider", "data-scrub": id, "aria-label": label, "aria-valuemin": ends[0], "aria-valuemax": ends[1] },
    ...{ "aria-valuenow": value, "aria-valuetext": setting(value) },
  });
}

export function watchScrubbing(app, { set, revert }) {
  const at = (event) => event.target.closest?.("[data-scrub]");
  const give = (held, from, steps) => set(held.changes(moved(held, from, steps)));
  let drag; // what is held, and where from

  addEventListener("pointerdown", (event) => {
    const number = at(event);
    if (!number || !event.isPrimary || event.button !== 0) return;
    event.preventDefault(); // no text is selected
    number.focus({ preventScroll: true });
    const { scrub: id } = number.dataset;
    drag = { id, from: knob(app, id).value, x: event.clientX };
  });
  addEventListener("pointermove", ({ clientX, isPrimary }) => {
    if (drag && isPrimary) give(knob(app, drag.id), drag.from, Math.round((clientX - drag.x) / PIXELS));
  });
  addEventListener("pointerup", () => (drag = undefined));
  addEventListener("pointercancel", () => {
    if (drag) revert();
    drag = undefined;
  });

  const KEYS = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10, Home: -STEPS, End: STEPS };
  addEventListener("keydown", (event) => {
    const number = at(event);
    if (!number || event.defaultPrevented || !(event.key in KEYS)) return;
    event.preventDefault();
    const held = knob(app, number.dataset.scrub);
    if (event.key === "Home" || event.key === "End") set(held.changes(held.ends[event.key === "Home" ? 0 : 1]));
    else give(held, held.value, KEYS[event.key]);
  });
}

/** Draws, and gives the focus back to the number that had it, where drawing has put a new one in its place. */
export function keepingFocus(root, draw) {
  const held = document.activeElement;
  const id = root.contains(held) && held.dataset.scrub;
  if (!id) return draw();
  const same = () => [...root.querySelectorAll(`[data-scrub="${id}"]`)];
  const nth = same().indexOf(held);
  draw();
  if (!held.isConnected) same()[nth]?.focus({ preventScroll: true });
  return undefined;
}
