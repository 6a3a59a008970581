// One classifier at work: the regions that it decides for each class, and the samples that still pull at it.

import { change, h, s } from "dom";
import { digits } from "format";
import { diverged, logits } from "networks";
import { softmax } from "numerics";
import { lossColour } from "plot";
import { drawMarker, fitted, toPixels } from "sections/train.canvas";

const GRID = 32; // regions are computed at so many places each way, and the browser smooths between them
const PULLS = 0.01; // a gradient below this counts as none

const rgb = (colour) => colour.match(/[\d.]+/g).slice(0, 3).map(Number);

// The largest value, where it stands, and its lead over the next.
export function winner(values) {
  let best = 0;
  let next = -Infinity;
  for (let k = 1; k < values.length; k++) {
    if (values[k] > values[best]) {
      next = values[best];
      best = k;
    } else if (values[k] > next) next = values[k];
  }
  return { best, lead: values[best] - next };
}

// Of the samples that are held out, in percent.
const heldShare = ({ layers, held }) => Math.round((100 * held.filter(({ features, target }) => winner(logits(layers, features)).best === target).length) / held.length);

// How many samples are classified rightly, and how hard the loss of each pulls at its logits.
export function judge({ layers, samples, loss }) {
  const pulls = [];
  let right = 0;
  for (const { features, target } of samples) {
    const z = logits(layers, features);
    if (winner(z).best === target) right += 1;
    pulls.push(Math.hypot(...loss(z, target).grad));
  }
  return { right, pulls, pulling: pulls.filter((pull) => pull > PULLS).length };
}

export function panel(app, name) {
  const { t } = app;
  const canvas = h("canvas", { class: "regions", role: "img" });
  const summary = h("p", { class: "note" });
  const small = new OffscreenCanvas(GRID, GRID);
  const line = s("path", { class: "line", d: "M0,4H36" });
  const key = s("svg", { width: 36, height: 8, class: `plot ${name}`, "aria-hidden": "true" }, line);
  const title = h("h3", { html: t(name) });
  const more = h("div", {});
  title.append(key);

  function drawRegions(context, size, { layers }) {
    const certainty = name === "softmax" ? softmax : (z) => z;
    const paper = rgb(app.colour("--card"));
    const colours = layers.at(-1).bias.map((_, k) => rgb(app.colour(`--class-${k}`)));
    const image = new ImageData(GRID, GRID);
    for (let i = 0; i < GRID * GRID; i++) {
      const x = ((i % GRID) + 0.5) / GRID;
      const y = (Math.floor(i / GRID) + 0.5) / GRID;
      const { best, lead } = winner(certainty(logits(layers, [2 * x - 1, 1 - 2 * y])));
      const strength = 0.1 + 0.45 * Math.min(1, lead); // a lead of 1 is certainty, or the margin
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = paper[c] + strength * (colours[best][c] - paper[c]);
      image.data[4 * i + 3] = 255;
    }
    small.getContext("2d").putImageData(image, 0, 0);
    context.drawImage(small, 0, 0, size, size);
  }

  return {
    node: h("figure", {}, title, canvas, summary, more),
    canvas,
    more,
    draw(run, size, loss) {
      change(key, { style: lossColour(loss) });
      const context = fitted(canvas, size);
      if (diverged(run)) {
        summary.innerHTML = t("diverged");
        change(canvas, { "aria-label": t("diverged") });
        return;
      }
      const { right, pulls, pulling } = judge(run);
      drawRegions(context, size, run);
      run.samples.forEach(({ features, target }, i) => {
        const pull = Math.min(1, pulls[i] / 1.4);
        context.fillStyle = app.colour(`--class-${target}`);
        context.globalAlpha = pulls[i] > PULLS ? 1 : 0.45;
        drawMarker(context, target, ...toPixels(features, size), (size / 260) * (1.8 + 4.2 * Math.sqrt(pull)));
      });
      context.globalAlpha = 1;
      const n = run.samples.length;
      const share = Math.round((100 * right) / n);
      const said = n === 0 ? t("empty") : t(run.held.length > 0 ? "summary_held" : "summary", { loss: digits(run.now.value, 3), held: digits(run.heldHistory.at(-1), 3), heldRight: heldShare(run), right: share, pulling, n });
      if (summary.innerHTML !== said) {
        summary.innerHTML = said;
        change(canvas, { "aria-label": `${t(name)}: ${summary.textContent}` });
      }
    },
  };
}
