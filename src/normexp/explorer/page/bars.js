// Numbers of classes as a row of bars, to be dragged where `move` is given; arrows at their ends show
// which way, and how hard, each is pulled. Few classes are elements with a slider each; many are one canvas.

import { change, h } from "dom";
import { digits, setting } from "format";
import { strokes } from "strokes";

export const FEW = 10;
const PULL = 44; // the pixels of an arrow for a pull of 1

export const COLOURS = 12; // then they begin anew; the number of the class stands beside them
export const classColour = (k) => `var(--class-${k % COLOURS})`;
export const dot = (k) => `<span style="color: ${classColour(k)}">●</span>`;

// bars(app, { label, name(k), text(k, value), move(k, value) })
export function bars(app, options) {
  const node = h("div", { class: options.move ? "bars movable" : "bars", role: "group", "aria-label": options.label });
  let inside; // draws the bars that `node` holds
  let shown = { values: [] };
  const hand = options.move ? drag(app, node, () => shown, options.move) : { axis: () => undefined };
  return {
    node,
    byFinger: hand.byFinger,
    // values, the range [low, high] of the axis, and where wanted pulls and the class to mark
    draw(now) {
      const many = now.values.length > FEW;
      if (!inside || now.values.length !== shown.values.length) inside = many ? canvas(app, node, options) : columns(node, now.values.length, options);
      shown = { ...now, range: hand.axis() ?? now.range }; // an axis that moved would move the bar in the hand
      inside(shown);
    },
  };
}

// ---- pointer and keys

const within = (x, [low, high]) => Math.min(high, Math.max(low, x));
const fine = ([low, high]) => (high - low) / 100;
// Of the height, in percent.
const shareOf = ([low, high]) => (x) => (100 * (within(x, [low, high]) - low)) / (high - low);
// To the step of the keys, so that a bar comes to rest on a number that reads well.
const rounded = (x, range) => Number((Math.round(x / fine(range)) * fine(range)).toPrecision(6));

function drag(app, node, shown, move) {
  let last; // the bar that is held, and its value
  let axis;
  let box;
  const follow = (event) => {
    const { values, range } = shown();
    const place = (event.clientX - box.left) / box.width;
    const height = 1 - (event.clientY - box.top) / box.height;
    const k = last && values.length <= FEW ? last.k : Math.min(values.length - 1, Math.max(0, Math.floor(place * values.length)));
    const value = rounded(within(range[0] + height * (range[1] - range[0]), range), range);
    // A quick hand passes many bars between two events: they lie on a line.
    const from = last ?? { k, value };
    const count = Math.max(1, Math.abs(k - from.k));
    const changes = new Map();
    for (let i = 1; i <= count; i++) {
      const share = i / count;
      changes.set(Math.round(from.k + share * (k - from.k)), rounded(from.value + share * (value - from.value), range));
    }
    last = { k, value };
    move(changes);
  };
  const byFinger = strokes(app, node, {
    begin(event) {
      axis = shown().range;
      box = node.getBoundingClientRect();
      follow(event);
    },
    go: follow,
    end: () => (last = axis = undefined),
  });
  return { axis: () => axis, byFinger };
}

function keyed(event, value, range) {
  const step = fine(range);
  const to = {
    ArrowUp: value + step,
    ArrowRight: value + step,
    ArrowDown: value - step,
    ArrowLeft: value - step,
    PageUp: value + 10 * step,
    PageDown: value - 10 * step,
    Home: range[0],
    End: range[1],
  }[event.key];
  if (to === undefined) return undefined;
  event.preventDefault();
  return rounded(within(to, range), range);
}

const sliderState = (name, text, value, [low, high]) => ({
  "aria-label": name,
  "aria-valuemin": low,
  "aria-valuemax": high,
  "aria-valuenow": value,
  "aria-valuetext": text,
});

// ---- few: an element for each

function columns(node, count, { move, name, text }) {
  let now;
  const column = (_, k) => {
    const fill = h("i");
    const arrow = h("s");
    const value = h("b");
    const bar = h("div", { class: "bar", style: `--class: ${classColour(k)}` }, fill, arrow, value);
    if (move) {
      change(bar, {
        role: "slider",
        tabindex: 0,
        "aria-orientation": "vertical",
        onkeydown(event) {
          const to = keyed(event, now.values[k], now.range);
          if (to !== undefined) move(new Map([[k, to]]));
        },
      });
    }
    return { bar, fill, arrow, value };
  };
  const all = Array.from({ length: count }, column);
  node.replaceChildren(...all.map(({ bar }) => bar));
  node.style.setProperty("--count", count);
  node.classList.toggle("crowded", count > 5);

  return (given) => {
    now = given;
    const { values, range, pulls, marked } = now;
    const share = shareOf(range);
    const zero = share(0);
    node.style.setProperty("--zero", `${zero}%`);
    const texts = values.map((x, k) => (text ? text(k, x) : setting(x)));
    node.style.setProperty("--longest", Math.max(3, ...texts.map(({ length }) => length)));
    all.forEach(({ bar, fill, arrow, value }, k) => {
      const end = share(values[k]);
      fill.style.bottom = `${Math.min(zero, end)}%`;
      fill.style.height = `${Math.abs(end - zero)}%`;
      value.style.bottom = `${end}%`;
      value.textContent = texts[k];
      bar.classList.toggle("down", values[k] < 0);
      bar.classList.toggle("marked", k === marked);
      const pull = pulls?.[k] ?? 0;
      arrow.className = pull > 0 ? "up" : "down";
      arrow.hidden = pull === 0;
      arrow.style.bottom = `${end}%`;
      arrow.style.setProperty("--length", `${within(Math.abs(pull) * PULL, [3, 2.2 * PULL])}px`);
      if (move) change(bar, sliderState(name(k), digits(values[k]), values[k], range));
    });
  };
}

// ---- many: one canvas, and one slider that walks over it

function canvas(app, node, { move, name, label }) {
  const picture = h("canvas", { "aria-hidden": "true" });
  const place = h("div", { class: "many" }, picture);
  let now;
  let at = 0;
  // Asking for the size while drawing would have the whole page laid out anew, for each canvas.
  new ResizeObserver(([{ contentRect }]) => {
    picture.width = Math.round(contentRect.width * devicePixelRatio);
    picture.height = Math.round(contentRect.height * devicePixelRatio);
    if (now) draw(now);
  }).observe(place);
  if (move) {
    change(place, {
      role: "slider",
      tabindex: 0,
      "aria-orientation": "vertical",
      onkeydown(event) {
        const aside = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (aside) {
          event.preventDefault();
          at = within(at + aside, [0, now.values.length - 1]);
          return draw(now);
        }
        const to = keyed(event, now.values[at], now.range);
        if (to !== undefined) move(new Map([[at, to]]));
        return undefined;
      },
    });
  } else change(place, { role: "img", "aria-label": label });
  node.replaceChildren(place);

  function draw(given) {
    now = given;
    const { values, range, marked } = now;
    const ratio = devicePixelRatio;
    const { width, height } = picture;
    const pen = picture.getContext("2d");
    pen.clearRect(0, 0, width, height);
    const share = shareOf(range);
    node.style.setProperty("--zero", `${share(0)}%`);
    const y = (x) => height * (1 - share(x) / 100);
    const step = width / values.length;
    const bar = (k) => pen.fillRect(k * step, Math.min(y(0), y(values[k])), Math.max(step * 0.8, 0.7), Math.abs(y(values[k]) - y(0)));
    pen.fillStyle = app.colour("--muted");
    values.forEach((_, k) => bar(k));
    for (const k of new Set([marked, move ? at : undefined])) {
      if (k === undefined) continue;
      pen.fillStyle = app.colour(`--class-${k % COLOURS}`);
      bar(k);
      pen.fillRect(k * step - ratio, height - 4 * ratio, step + 2 * ratio, 4 * ratio);
    }
    if (move) change(place, sliderState(name(at), digits(values[at]), values[at], range));
  }
  return draw;
}
