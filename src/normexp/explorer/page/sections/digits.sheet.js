// The sheet that a digit is drawn on, by pointer or by keyboard.

import { h } from "dom";
import * as ink from "ink";
import { SIDE } from "bitmap";
import { fitted } from "sections/train.canvas";
import { strokes as hand } from "strokes";
import { widths } from "plot";

const LINE = 0.055; // its width, as a share of the sheet
const STEPS = { small: 1 / 32, large: 1 / 8 };

// `strokes()` are all, `shown()` those to draw, `pixels()` the counts of an example or null; `change(strokes)` takes new ones.
export function sheet(app, { strokes, shown, pixels, change }) {
  const { t } = app;
  const canvas = h("canvas", {
    ...{ class: "sketch", tabindex: 0, role: "application" },
    ...{ "aria-label": t("sheet_label"), "aria-describedby": "sheet-help" },
  });
  const said = h("p", { class: "visually-hidden", "aria-live": "polite" });
  let pen = [0.5, 0.5]; // of the keyboard
  let down = false;
  let now = []; // while a stroke is drawn: a frame may be late

  const add = (x, y, begins) => {
    const here = ink.place(x, y);
    const last = now.at(-1);
    if (begins || !last) now = [...now, [here]];
    else if (String(last.at(-1)) !== String(here)) now = [...now.slice(0, -1), [...last, here]];
    now = ink.first(now, ink.MOST_PLACES);
    change(now);
  };
  const placeOf = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  const byFinger = hand(app, canvas, {
    begin(event) {
      now = strokes();
      add(...placeOf(event), true);
    },
    go: (event) => add(...placeOf(event), false),
    end: () => {},
  });

  const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in MOVES) {
      const step = event.shiftKey ? STEPS.large : STEPS.small;
      pen = pen.map((x, axis) => Math.min(1, Math.max(0, x + step * MOVES[event.key][axis])));
      now = strokes();
      if (down) add(...pen, false);
    } else if (event.key === " " || event.key === "Enter") {
      down = !down;
      now = strokes();
      if (down) add(...pen, true);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      down = false;
      change([]);
    } else return;
    event.preventDefault();
    draw();
    said.textContent = t(down ? "pen_down" : "pen_up", { x: Math.round(100 * pen[0]), y: Math.round(100 * pen[1]) });
  });
  canvas.addEventListener("focus", () => draw());
  canvas.addEventListener("blur", () => draw((down = false)));

  function draw() {
    const size = widthOf(canvas);
    if (size === 0) return;
    const context = fitted(canvas, size);
    const example = pixels();
    if (example) drawExample(context, size, example);
    context.strokeStyle = app.colour("--ink");
    context.lineWidth = LINE * size;
    context.lineCap = context.lineJoin = "round";
    for (const stroke of shown()) {
      context.beginPath();
      for (const [x, y] of stroke.map(ink.share)) context.lineTo(x * size, y * size);
      if (stroke.length === 1) context.lineTo(ink.share(stroke[0])[0] * size + 0.1, ink.share(stroke[0])[1] * size);
      context.stroke();
    }
    if (!canvas.matches(":focus-visible")) return;
    context.lineWidth = 2;
    context.strokeStyle = app.colour(down ? "--class-1" : "--focus");
    context.strokeRect(pen[0] * size - 8, pen[1] * size - 8, 16, 16);
  }

  function drawExample(context, size, counts) {
    context.fillStyle = app.colour("--muted");
    counts.forEach((count, i) => {
      context.globalAlpha = count / 16;
      context.fillRect((i % SIDE) * (size / SIDE), Math.floor(i / SIDE) * (size / SIDE), size / SIDE, size / SIDE);
    });
    context.globalAlpha = 1;
  }

  const widthOf = widths([canvas], draw);
  const help = h("p", { id: "sheet-help", class: "note", html: t("sheet_help") });
  return { node: h("div", {}, canvas, said, byFinger), help, draw };
}
