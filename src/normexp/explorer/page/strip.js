// The scores at a glance, and within reach, above the sections that share them when the bars are out of sight. Of many
// classes there is room for two: the one that leads, and the target.

import { classColour, FEW } from "bars";
import { h } from "dom";
import { digits, percent } from "format";
import { crossEntropy, softmax } from "numerics";
import * as row from "row";
import { keepingFocus, scrub } from "scrub";

const BELOW_IT = { rootMargin: "-40px 0px 0px" }; // what only the strip would cover is not in view

export function strip(app, t) {
  const { state } = app;
  const node = h("div", { class: "strip", role: "region", "aria-label": t("strip"), hidden: true });
  const inView = new Map(); // of the bars, and of the sections that share them
  let bars;
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) inView.set(target, isIntersecting);
    draw();
  }, BELOW_IT);
  const draw = () => keepingFocus(node, fill);

  function item(p, y) {
    return (k) =>
      h(
        "span",
        { class: k === y ? "aimed" : undefined, style: `--class: ${classColour(k)}; --share: ${p[k].toFixed(4)}` },
        h("b", { text: row.short(state, k) }),
        h("span", { html: scrub(app, `z:${k}`, t("score_of", { name: row.called(state, t, k) })) }),
        h("i", {}),
        h("small", { text: percent(p[k]) }),
      );
  }

  function fill() {
    const sharers = [...inView].some(([element, isIn]) => isIn && element !== bars);
    node.hidden = !sharers || inView.get(bars);
    if (node.hidden) return;
    const x = row.scaled(state);
    const y = row.target(state);
    const all = x.map((_, k) => k);
    const shown = x.length <= FEW ? all : [...new Set([x.indexOf(Math.max(...x)), y])];
    const others = x.length - shown.length;
    node.replaceChildren(...shown.map(item(softmax(x), y)), ...(others ? [h("span", { text: t("strip_others", { n: others }) })] : []), h("span", { class: "loss", text: t("strip_loss", { loss: digits(crossEntropy(x, y).value, 3) }) }));
  }

  return {
    node,
    draw,
    watch(element, sections) {
      watcher.disconnect();
      inView.clear();
      bars = element;
      for (const one of [bars, ...sections]) watcher.observe(one);
    },
  };
}
