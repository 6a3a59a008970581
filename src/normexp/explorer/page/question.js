// A question at the head of a section, to be answered before the page shows it. A section has it in its words, `question`,
// `answer_0` to `answer_2` and `why`, and exports `question`: which answer is right, and what to set on the page to see it.

import { button } from "controls";
import { change, h } from "dom";
import { words } from "question.words";
import { sentences, translator } from "words";

const given = new Map(); // by section: outlives a switch of the language, and is nobody else's business

export function question(section, app) {
  const t = translator(words, app.language);
  const { right, shows } = section.question;
  const options = [0, 1, 2].map((k) => h("button", { type: "button", html: app.t(`answer_${k}`), onclick: () => answer(k) }));
  const said = h("p", { class: "why", "aria-live": "polite" });
  const show = button(t("show"), () => app.goTo(section.name, shows), { hidden: true });
  const node = h("div", { class: "question", role: "group", "aria-label": t("first") }, h("p", { html: sentences([`<b>${t("first")}</b>`, app.t("question")], app.language) }), h("div", { class: "buttons" }, ...options), said, show);

  function answer(k) {
    given.set(section.name, k);
    options.forEach((option, i) => change(option, { "aria-pressed": String(i === k), class: i === right ? "right" : undefined }));
    said.innerHTML = sentences([`<b>${t(k === right ? "yes" : "no")}</b>`, app.t("why")], app.language);
    show.hidden = !shows;
  }
  if (given.has(section.name)) answer(given.get(section.name));
  return node;
}
