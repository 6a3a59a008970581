// The square in which samples are drawn, by pointer or by keyboard.

import { h } from "dom";
import { setting } from "format";
import { read, sample, write } from "samples";
import { drawMarker, fitted, toPixels } from "sections/train.canvas";
import { strokes } from "strokes";

const MOST_SAMPLES = 300;
const APART = 0.1; // between samples of one stroke
const REACH = 0.09; // of the eraser

export const ERASER = "eraser";

const distance = (one, [x, y]) => Math.hypot(one.features[0] - x, one.features[1] - y);

// `samples()` are those of now, of which `isHeld(one)` are not learnt from, `brush()` a class or the eraser, `change(samples)` takes the new ones.
export function pad(app, { samples, isHeld, brush, choose, change }) {
  const { t } = app;
  const canvas = h("canvas", {
    ...{ class: "pad", tabindex: 0, role: "application" },
    ...{ "aria-label": t("pad"), "aria-describedby": "pad-help" },
  });
  const said = h("p", { class: "visually-hidden", "aria-live": "polite" });
  let last = null; // where the stroke of now put its last sample
  let cursor = [0, 0]; // of the keyboard

  const put = (place) => {
    if (samples().length < MOST_SAMPLES) change([...samples(), sample(...place, brush())]);
  };
  const erase = (place) => change(samples().filter((one) => distance(one, place) > REACH));
  const apply = (place) => (brush() === ERASER ? erase(place) : put(place));

  const placeOf = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * 2 - 1, 1 - ((event.clientY - box.top) / box.height) * 2];
  };

  const byFinger = strokes(app, canvas, {
    begin(event) {
      last = placeOf(event);
      apply(last);
    },
    go(event) {
      const place = placeOf(event);
      if (Math.hypot(place[0] - last[0], place[1] - last[1]) < APART) return;
      last = place;
      apply(place);
    },
    end: () => (last = null),
  });

  const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  canvas.addEventListener("keydown", (event) => {
    if (event.key in MOVES) {
      const step = event.shiftKey ? 0.2 : 0.05;
      cursor = cursor.map((x, i) => Math.max(-1, Math.min(1, Number((x + step * MOVES[event.key][i]).toFixed(2)))));
    } else if (event.key === " " || event.key === "Enter") apply(cursor);
    else if (event.key === "Delete" || event.key === "Backspace") erase(cursor);
    else if (/^[0-4]$/.test(event.key)) choose(Number(event.key));
    else return;
    event.preventDefault();
    draw();
    said.textContent = t("pad_said", { x: setting(cursor[0]), y: setting(cursor[1]), n: samples().length });
  });
  for (const change of ["focus", "blur"]) canvas.addEventListener(change, () => draw());

  let size = 0;

  function draw(now = size) {
    size = now;
    const context = fitted(canvas, size);
    context.strokeStyle = app.colour("--rule");
    context.lineWidth = 1;
    for (const [x1, y1, x2, y2] of [[0, size / 2, size, size / 2], [size / 2, 0, size / 2, size]]) {
      context.beginPath();
      context.moveTo(x1, y1);
      context.lineTo(x2, y2);
      context.stroke();
    }
    for (const one of samples()) {
      const { features, target } = one;
      context.fillStyle = context.strokeStyle = app.colour(`--class-${target}`);
      drawMarker(context, target, ...toPixels(features, size), 4.5, isHeld(one));
    }
    if (document.activeElement === canvas) {
      const [x, y] = toPixels(cursor, size);
      context.strokeStyle = app.colour("--ink");
      context.strokeRect(x - 8, y - 8, 16, 16);
    }
  }

  const help = h("p", { id: "pad-help", class: "note", html: t("pad_help") });
  return { node: h("div", {}, canvas, said, byFinger), help, canvas, draw };
}

// Samples as they stand in the address; none at all is a drawing too.
export const written = (samples) => write(samples) || "none";
export const points = {
  initial: "",
  write: (text) => text,
  read: (text) => (text === "none" ? text : write(read(text.slice(0, 5 * MOST_SAMPLES)))),
};
