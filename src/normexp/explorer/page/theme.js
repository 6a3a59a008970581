// The theme of now, and its colours for drawings on a canvas.

import { change, h } from "dom";

const colours = new Map();

// The value of a custom property in the theme of now: colour("--class-0")
export function colour(name) {
  if (!colours.has(name)) {
    const style = `color: var(${name}); forced-color-adjust: none`;
    const probe = document.body.appendChild(h("i", { style, hidden: true }));
    colours.set(name, getComputedStyle(probe).color);
    probe.remove();
  }
  return colours.get(name);
}

export function dress(theme) {
  colours.clear();
  change(document.documentElement, { "data-theme": theme || undefined });
}

// Drawings on a canvas know neither a new theme nor a new width by themselves.
export function watchLooks(redraw) {
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) matchMedia(query).addEventListener("change", redraw);
  addEventListener("resize", redraw);
}
