// Section 8: which word comes next. Scores from counts; temperature, top-k and top-p; and words drawn at random.

import { button, buttons, slider } from "controls";
import { change, h } from "dom";
import { digits, percent, setting } from "format";
import { SENTENCES, candidates, distribution, sample } from "next";
import { scrubbable } from "scrub";
import { choice, number, numbers } from "state";
import { sentences } from "words";

export { words } from "sections/next.words";

const NAMES = Object.keys(SENTENCES);
const WORDS = 12;
const DRAWS = [1, 10, 100, 1000];
const MOST = 100_000;
const MOST_COUNT = 1e10;
const HANDED = 10; // as many bars as section 1 shows one by one

export const name = "next";
export const fields = {
  "next.sentence": choice("", ["", ...NAMES]), // "" is the first in the language of the page
  "next.counts": numbers([], { min: 1, max: MOST_COUNT, least: 2, most: WORDS }), // the reader's, of the sentence that is named
  "next.temperature": number(1, { min: 0.1, max: 5, log: true }),
  "next.k": number(WORDS, { min: 1, max: WORDS, integer: true }),
  "next.p": number(1, { min: 0.05, max: 1, step: 0.01 }),
  "next.draws": number(0, { min: 0, max: MOST, integer: true }),
  "next.seed": number(1, { min: 1, max: 9999, integer: true }),
};
export const uses = [];
export const question = { right: 2, shows: { "next.temperature": 0.1, "next.draws": 1000 } };

const found = (name) => Object.values(SENTENCES[name].counts);

// The candidates of now: with the counts that were found, or those that the reader has set for this sentence and no other.
const hasOwn = (state, name) => state["next.sentence"] === name && state["next.counts"].length === found(name).length;
const candidatesOf = (state, name) => candidates(name, hasOwn(state, name) ? state["next.counts"] : found(name));

// A count of the sentence, by its place among those that were found.
export function knob(state, id) {
  const [, place, name] = id.split(":");
  const at = Number(place);
  const now = candidatesOf(state, name).sort((one, other) => one.at - other.at).map(({ count }) => count);
  const changes = (value) => ({ "next.sentence": name, "next.counts": now.map((x, i) => (i === at ? value : Number(x.toPrecision(6)))) });
  return { value: now[at], ends: [1, MOST_COUNT], log: true, changes };
}

export function create(place, app) {
  const { state, set, t } = app;
  const ours = NAMES.filter((one) => SENTENCES[one].language === app.language);
  const sentence = () => state["next.sentence"] || ours[0]; // of another language where a link says so
  const lang = () => (SENTENCES[sentence()].language === "zh" ? "zh-Hans" : "en");

  const choices = buttons({
    label: t("sentence"),
    options: ours.map((one) => [one, `${SENTENCES[one].text}…`]),
    pressed: sentence,
    press: (one) => set({ "next.sentence": one, "next.counts": [], "next.draws": 0 }),
  });
  const temperature = slider(app, "next.temperature", {
    ...{ label: t("temperature"), min: 0.1, max: 5, step: 0.01 },
    there: Math.log10,
    back: (x) => Number((10 ** x).toPrecision(2)),
  });
  const k = slider(app, "next.k", { label: t("top_k"), min: 1, max: WORDS, step: 1 });
  const share = slider(app, "next.p", { label: t("top_p"), min: 0.05, max: 1, step: 0.01 });
  const draw = (n) => button(t("draw", { n }), () => set({ "next.draws": Math.min(MOST, state["next.draws"] + n) }));
  const again = button(t("again"), () => set({ "next.draws": 0, "next.seed": (state["next.seed"] % 9999) + 1 }));
  const telling = h("p", { class: "observation sentence", "aria-live": "polite" });
  const body = h("tbody");
  const head = h("tr", {}, ...["word", "count", "score", "probability", "expected", "drawn"].map((key) => h("th", { scope: "col", html: t(key) })));
  const observation = h("p", { class: "observation" });
  const hand = button(t("to_scores", { n: HANDED }), () => {
    const some = candidatesOf(state, sentence()).slice(0, HANDED);
    app.goTo("scores", { z: some.map(({ score }) => Number(score.toPrecision(6))), names: some.map(({ word }) => word), temperature: state["next.temperature"], shift: 0 });
  });

  const restore = button(t("restore"), () => set({ "next.counts": [] }));

  place.append(
    h("div", { class: "control sentences" }, h("span", { text: t("sentence") }), choices.node),
    h("div", { class: "studio" }, h("div", {}, telling, h("div", { class: "buttons run" }, ...DRAWS.map(draw), again)), h("div", {}, temperature.node, k.node, share.node)),
    h("div", { class: "box", role: "region", tabindex: 0, "aria-label": t("table") }, h("table", { class: "candidates", "aria-label": t("table") }, h("thead", {}, head), body)),
    observation,
    h("div", { class: "buttons run" }, hand, restore),
    h("p", { class: "note", html: t("source") }),
  );

  function row({ word, at, count, score }, p, n, drawn) {
    const bar = (x, kind) => h("i", { class: kind, style: `--share: ${x.toFixed(4)}` });
    return h(
      "tr",
      { class: p === 0 ? "out" : undefined },
      h("th", { scope: "row", text: word, lang: lang() }),
      h("td", {}, scrubbable(app, `next:${at}:${sentence()}`, t("count_of", { word }), h("span", { tabindex: 0, text: count.toLocaleString("en") }))),
      h("td", { text: digits(score) }),
      h("td", { class: "share" }, bar(p, "chance"), h("span", { text: p === 0 ? t("out") : percent(p) })),
      h("td", { text: n === 0 ? "" : digits(n * p, 3) }),
      h("td", { class: "share" }, bar(n === 0 ? 0 : drawn / n, "frequency"), h("span", { text: n === 0 ? "" : String(drawn) })),
    );
  }

  return () => {
    const some = candidatesOf(state, sentence());
    const p = distribution(some.map(({ score }) => score), { temperature: state["next.temperature"], k: state["next.k"], share: state["next.p"] });
    const n = state["next.draws"];
    const { counts, last } = sample(p, n, state["next.seed"]);
    for (const control of [choices, temperature, k, share]) control.draw();
    restore.hidden = !hasOwn(state, sentence());
    change(telling, { lang: lang() });
    const gap = lang() === "en" ? " " : "";
    telling.replaceChildren(`${SENTENCES[sentence()].text}${gap}`, h("b", { text: n === 0 ? "____" : some[last].word }));
    body.replaceChildren(...some.map((one, i) => row(one, p[i], n, counts[i])));
    observation.innerHTML = observed(app, some, p, n, counts);
  };
}

function observed({ state, t, language }, some, p, n, counts) {
  const kept = p.filter((x) => x > 0).length;
  const said = [];
  const [first, second] = some;
  const was = first.count / second.count;
  const is = was ** (1 / state["next.temperature"]);
  if (state["next.temperature"] === 1) {
    if (kept === p.length) said.push(t("counts"));
  } else if (kept > 1) said.push(t("between", { first: first.word, second: second.word, was: digits(was, 3), power: setting(1 / state["next.temperature"]), is: digits(is, 3) }));
  if (kept < p.length) said.push(t("left", { kept, all: p.length }));
  if (n > 0) {
    const off = p.map((x, i) => counts[i] - n * x);
    const worst = off.reduce((best, x, i) => (Math.abs(x) > Math.abs(off[best]) ? i : best), 0);
    const spread = Math.sqrt(n * p[worst] * (1 - p[worst]));
    if (kept === 1) said.push(t("certain", { word: first.word }));
    else said.push(t("off", { word: some[worst].word, drawn: counts[worst], expected: digits(n * p[worst], 3), spread: digits(spread, 2) }));
  }
  return sentences(said, language);
}
