// The row in float32, naively and with the maximum subtracted.

import { classColour } from "bars";
import { h } from "dom";
import { digits, setting } from "format";
import { naive32, summary } from "numerics";
import * as row from "row";
import { scrubbable } from "scrub";

const SHOWN = 5; // classes

export function table(app) {
  const { state, t } = app;
  const body = h("tbody");
  const head = h("tr");
  const verdict = h("p", { class: "note" });
  const cut = h("p", { class: "note" });
  const node = h(
    "figure",
    { class: "sides" },
    h("h3", { id: "sides-title", text: t("sides") }),
    h("div", { class: "box", role: "region", tabindex: 0, "aria-labelledby": "sides-title" }, h("table", { "aria-labelledby": "sides-title" }, h("thead", {}, head), body)),
    cut,
    verdict,
  );
  const header = (html, attributes = {}) => h("th", { scope: "col", html, ...attributes });
  const line = (html, cells, sum) => h("tr", {}, h("th", { scope: "row", html }), ...cells.map((x) => cell(x)), sum === undefined ? h("td") : cell(sum));
  // What softmax sees, to be taken hold of.
  const seen = (x, shown) =>
    h("tr", {}, h("th", { scope: "row", html: "<i>x</i>" }), ...shown.map((k) => h("td", {}, scrubbable(app, `x:${k}`, t("seen_of", { name: row.called(state, t, k) }), h("span", { tabindex: 0, text: digits(Math.fround(x[k])) })))), h("td"));
  const cell = (x) => h("td", { class: Number.isFinite(x) ? undefined : "broken", text: digits(x) });
  const group = (html, columns) => h("tr", { class: "group" }, h("th", { colspan: columns, scope: "colgroup", html }));

  return {
    node,
    draw() {
      const x = row.scaled(state);
      const order = x.map((_, k) => k);
      const shown = order.length <= SHOWN ? order : order.sort((i, j) => x[j] - x[i]).slice(0, SHOWN).sort((i, j) => i - j);
      const naive = naive32(x);
      const { m } = summary(x);
      const shifted = x.map((value) => Math.fround(Math.fround(value) - Math.fround(m)));
      const stable = naive32(shifted);
      const of = (values) => shown.map((k) => values[k]);
      const columns = shown.length + 2;
      head.replaceChildren(h("td"), ...shown.map((k) => header(`<span style="color: ${classColour(k)}">${row.short(state, k)}</span>`, { "aria-label": row.called(state, t, k) })), header(t("sum")));
      body.replaceChildren(
        group(t("naive"), columns),
        seen(x, shown),
        line("<i>e</i><sup>x</sup>", of(naive.e), naive.sum),
        line("<i>p</i>", of(naive.p)),
        group(t("stable"), columns),
        line("<i>x</i> − <i>m</i>", of(shifted)),
        line("<i>e</i><sup>x−m</sup>", of(stable.e), stable.sum),
        line("<i>p</i>", of(stable.p)),
      );
      cut.textContent = shown.length < x.length ? t("largest", { shown: shown.length, n: x.length }) : "";
      verdict.innerHTML = judged(naive, stable, m);
    },
  };

  function judged(naive, stable, m) {
    if (naive.sum === Infinity) return t("broken_over", { largest: setting(m) });
    if (naive.sum === 0) return t("broken_under");
    const wrong = naive.p.some((p, k) => Math.abs(p - stable.p[k]) > 1e-5 * stable.p[k]);
    return t(wrong ? "broken_part" : "sound");
  }
}
