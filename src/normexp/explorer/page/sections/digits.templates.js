// What a classifier sees, 8 × 8, and the template of each class, lit where there is ink: blue adds to the score, orange
// takes from it.

import { SIDE } from "bitmap";
import { MODELS, lit } from "digits";
import { change, h } from "dom";
import { digits } from "format";

const rgb = (colour) => colour.match(/[\d.]+/g).slice(0, 3).map(Number);
const square = (attributes) => h("canvas", { class: "grain", width: SIDE, height: SIDE, role: "img", ...attributes });

// One pixel for each of 64 shares in [−1, 1]: of the colour `ours`, or `against` where it is negative, on `ground`.
function paint(canvas, shares, { ground, ours, against }) {
  const image = new ImageData(SIDE, SIDE);
  shares.forEach((share, i) => {
    const colour = share < 0 ? against : ours;
    const strength = Math.min(1, Math.abs(share));
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = ground[c] + strength * (colour[c] - ground[c]);
    image.data[4 * i + 3] = 255;
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
}

const palette = (app, ours, against) => ({ ground: rgb(app.colour("--card")), ours: rgb(app.colour(ours)), against: rgb(app.colour(against)) });

export function seen(app) {
  const node = square({ "aria-label": app.t("seen_label") });
  return { node, draw: (pixels) => paint(node, pixels.map((x) => x / 16), palette(app, "--ink", "--ink")) };
}

export function template(app, k) {
  const canvas = square({});
  const score = h("b");
  const node = h("figure", {}, canvas, h("span", { style: `color: var(--class-${k})`, text: k }), score);
  return {
    node,
    draw(model, pixels, z, isHighest) {
      const all = MODELS[model].weight;
      const largest = Math.max(...all.flat().map(Math.abs));
      const shares = lit(all[k], pixels).map((x) => Math.sign(x) * Math.sqrt(Math.abs(x) / largest)); // so that faint ones are seen
      paint(canvas, shares, palette(app, "--class-0", "--class-1"));
      score.textContent = digits(z, 3);
      node.classList.toggle("highest", isHighest);
      change(canvas, { "aria-label": app.t("template_label", { k, z: digits(z, 3) }) });
    },
  };
}
