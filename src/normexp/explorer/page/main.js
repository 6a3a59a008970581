// The house: reads the address, builds the sections, draws those whose state has changed.

import { createArrivals } from "arrival";
import { FEW } from "bars";
import { createClock } from "clock";
import { change, h } from "dom";
import { defined, definitions } from "glossary";
import { header } from "header";
import { createHistory } from "history";
import { keepButtons } from "keep";
import { projectionBar, watchProjection } from "projection";
import { question } from "question";
import * as row from "row";
import { keepingFocus, watchScrubbing } from "scrub";
import { choice, format, parse } from "state";
import { strip } from "strip";
import { colour, dress, watchLooks } from "theme";
import { undoButtons, watchGestures, watchKeys } from "undo";
import { LANGUAGES, translator, words } from "words";
import * as scores from "sections/scores";
import * as loss from "sections/loss";
import * as working from "sections/working";
import * as graph from "sections/graph";
import * as train from "sections/train";
import * as precision from "sections/precision";
import * as digits from "sections/digits";
import * as next from "sections/next";

const sections = [scores, loss, working, graph, train, precision, digits, next];
const names = sections.map((section) => section.name);

const looks = {
  at: choice("", ["", ...names]), // the section that was gone to
  only: choice("", ["", ...names]), // the section that is there alone, in a page of another or on a screen
  screen: choice("", ["", "projected"]),
  language: choice("", ["", ...Object.keys(LANGUAGES)]), // "" is that of the file, or else the browser's
  theme: choice("", ["", "light", "dark"]), // "" is the system's
};
const work = { ...row.fields, ...Object.assign({}, ...sections.map((section) => section.fields)) }; // can be undone
export const fields = { ...looks, ...work };

const state = {};
let parts = []; // for each section: its element, its keys, and what draws it
let extras = []; // what is drawn beside them: the choices in the head, the buttons to undo
let stops = []; // ends what runs in a section
let left = ""; // the section that stood alone before
let changed = new Set(); // keys since the last frame

const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

// ---- drawing: once in a frame, whatever happened in it

// What the clock changes, not the reader.
function proceed(changes) {
  if (changed.size === 0) requestAnimationFrame(frame);
  for (const [key, value] of Object.entries(changes)) {
    if (!Object.hasOwn(fields, key)) throw new Error(`no field ${key}`);
    state[key] = value;
    changed.add(key);
  }
  keepInAddress();
}

function set(changes) {
  const isNew = ([key, value]) =>
    Object.hasOwn(work, key) && value !== state[key] && fields[key].write(value) !== fields[key].write(state[key]);
  const before = Object.entries(changes)
    .filter(isNew)
    .map(([key]) => [key, state[key]]);
  if (before.length > 0) history.record(Object.fromEntries(before));
  proceed(changes);
}

const history = createHistory();
const undo = () => proceed(history.undo(state));
const redo = () => proceed(history.redo(state));
const revert = () => proceed(history.revert());
watchGestures(history.begin);
watchKeys(undo, redo);
const project = (only) => set({ only, screen: "projected" });
const leave = () => set({ only: "", screen: "", at: state.only });
watchProjection({ names, showing: () => state.screen && state.only, go: project, leave });
const knobs = Object.fromEntries(sections.filter(({ knob }) => knob).map(({ name, knob }) => [name, knob]));
watchScrubbing({ fields, state, knobs }, { set, revert });

function frame() {
  const keys = changed;
  changed = new Set();
  const anew = ["language", "only", "screen"].some((key) => keys.has(key));
  if (anew) build();
  else if (keys.has("theme")) dress(state.theme);
  for (const extra of extras) extra.draw();
  const all = anew || keys.has("theme");
  const hand = state.z.length > FEW ? document.querySelector(".movable:active") : null;
  for (const part of parts) {
    if (!all && !part.uses.some((key) => keys.has(key))) continue;
    if (all || (part.inView && (!hand || part.element.contains(hand)))) part.draw();
    else stale.add(part);
  }
  clearTimeout(rest);
  if (stale.size > 0) rest = setTimeout(drawStale, 100);
  change(document.querySelector("main"), { "aria-busy": stale.size > 0 ? "true" : undefined });
}

// A section waits until the hand rests if it is out of view; or if the hand is on the bars of another and
// they are many, for then there is no time within a frame to draw both.
const stale = new Set();
let rest;

function drawStale() {
  for (const part of stale) part.draw();
  stale.clear();
  change(document.querySelector("main"), { "aria-busy": undefined });
}

const viewed = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const part = parts.find(({ element }) => element === target);
    if (!part) continue; // of a page that was rebuilt
    part.inView = isIntersecting;
    if (isIntersecting && stale.delete(part)) part.draw();
  }
});

// ---- the address: browsers limit how often it may change

let waiting;

function keepInAddress() {
  clearTimeout(waiting);
  waiting = setTimeout(() => window.history.replaceState(null, "", format(fields, state) || location.pathname), 250);
}

// Not location.hash, which keepInAddress may have written anew by now.
addEventListener("hashchange", ({ newURL }) => {
  set(parse(fields, new URL(newURL).hash));
  goTo(state.at);
});

const arrivals = createArrivals();
const goTo = (name) => arrivals.goTo(name, reducedMotion.matches ? "instant" : "smooth");

// ---- theme and language

watchLooks(() => proceed({ theme: state.theme }));

// On paper all is light, now and not in the next frame.
function dressForPaper(isPaper) {
  dress(isPaper ? "light" : state.theme);
  for (const part of parts) part.draw();
}
addEventListener("beforeprint", () => dressForPaper(true));
addEventListener("afterprint", () => dressForPaper(false));

const given = document.documentElement.dataset.language; // of a file that was written in one
const systems = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
const spoken = () => state.language || given || systems;

// ---- the page

// To a section as the reader asked, with what is to be set there.
function goOn(at, changes = {}) {
  if (state.only) return set({ ...changes, only: at });
  set({ ...changes, at });
  return goTo(at);
}

function startOver() {
  const { language, theme } = state;
  set({ ...parse(fields, ""), language, theme }); // which ends a projection too
}

// A clock that ends when the page is rebuilt.
function animation(step) {
  const clock = createClock(step);
  stops.push(clock.pause);
  return clock;
}

const linkTo = (at) => location.href.replace(/#.*$/, "") + (format(fields, { ...state, at, only: "", screen: "" }) || "#");

function article(section, k) {
  const say = translator(section.words, spoken());
  const place = h("div", { class: "play" });
  const app = { fields, knobs, state, set, proceed, revert, goTo: goOn, t: say, language: spoken(), colour, animation, reducedMotion: () => reducedMotion.matches };
  const element = h(
    "section",
    { id: section.name, "aria-labelledby": `${section.name}-title` },
    h("div", { class: "telling" }, h("h2", { id: `${section.name}-title`, tabindex: -1,  html: `<span>${k + 1}</span> ${say("title")}` }), question(section, app), h("p", { html: defined(say("text"), spoken()) }), keepButtons(section, app, { link: () => linkTo(section.name), project: () => project(section.name) })),
    place,
  );
  const draw = section.create(place, app);
  parts.push({ element, inView: false, uses: [...Object.keys(section.fields), ...section.uses], draw: () => keepingFocus(element, draw) });
  viewed.observe(element);
  arrivals.watch(element);
  return element;
}

function build() {
  for (const stop of stops) stop();
  viewed.disconnect();
  stale.clear();
  parts = [];
  extras = [];
  stops = [];
  dress(state.theme);
  const focused = document.activeElement?.id; // the button of the language, say
  const t = translator(words, spoken());
  document.documentElement.lang = { en: "en", zh: "zh-Hans" }[spoken()];
  document.title = t("title");
  const undoBar = undoButtons(t, { undo, redo, history });
  const atHand = strip({ fields, state, knobs }, t);
  const head = header({ state, set, t }, { sections, spoken, goOn, project, startOver });
  extras.push(undoBar, atHand, head);
  const shown = sections.filter(({ name }) => !state.only || name === state.only);
  const whole = h("a", { href: format(fields, { ...state, only: "", at: state.only }), target: "_blank", text: t("whole") });
  const pager = projectionBar(t, { names, at: state.only, go: project, leave });
  document.body.replaceChildren(
    atHand.node,
    ...(state.only ? [] : [head.node]),
    h("main", {}, ...(state.only ? [h("h1", { class: "visually-hidden", text: t("title") })] : []), ...shown.map((section) => article(section, sections.indexOf(section)))),
    h("footer", {}, ...(state.screen && state.only ? [pager] : state.only ? [h("p", {}, whole)] : [h("p", { html: t("link") }), h("p", { html: t("footer") })])),
    undoBar.node,
    ...definitions(spoken()),
  );
  document.body.classList.toggle("only", state.only !== "");
  document.documentElement.classList.toggle("projected", state.only !== "" && state.screen !== "");
  if (!state.only) atHand.watch(document.querySelector("#scores .bars"), ["loss", "working"].map((name) => document.getElementById(name)));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  if (state.screen && !document.getElementById(focused)) document.querySelector("h2").focus();
  if (left && !state.only) goTo(state.at); // from a section that stood alone
  left = state.only;
}

proceed(parse(fields, location.hash));
frame();
arrivals.goTo(state.at, "instant");
