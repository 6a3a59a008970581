// The house: reads the address, builds the sections, draws those whose state has changed.

import { FEW } from "bars";
import { change, h } from "dom";
import * as row from "row";
import { choice, format, parse } from "state";
import { LANGUAGES, translator, words } from "words";
import * as scores from "sections/scores";
import * as loss from "sections/loss";
import * as working from "sections/working";
import * as graph from "sections/graph";
import * as train from "sections/train";
import * as precision from "sections/precision";

const sections = [scores, loss, working, graph, train, precision];
const names = sections.map((section) => section.name);

const fields = {
  at: choice("", ["", ...names]), // the section in view
  language: choice("", ["", ...Object.keys(LANGUAGES)]), // "" is the browser's
  theme: choice("", ["", "light", "dark"]), // "" is the system's
  ...row.fields,
  ...Object.assign({}, ...sections.map((section) => section.fields)),
};

const state = {};
let parts = []; // for each section: its element, its keys, and what draws it
let stops = []; // ends what runs in a section
let changed = new Set(); // keys since the last frame

const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
const darkSystem = matchMedia("(prefers-color-scheme: dark)");

// ---- drawing: once in a frame, whatever happened in it

function set(changes) {
  if (changed.size === 0) requestAnimationFrame(frame);
  for (const [key, value] of Object.entries(changes)) {
    if (!(key in fields)) throw new Error(`no field ${key}`);
    state[key] = value;
    changed.add(key);
  }
  keepInAddress();
}

function frame() {
  const keys = changed;
  changed = new Set();
  if (keys.has("language")) build();
  else if (keys.has("theme")) dress();
  const all = keys.has("language") || keys.has("theme");
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
  waiting = setTimeout(() => history.replaceState(null, "", format(fields, state) || location.pathname), 250);
}

// Not location.hash, which keepInAddress may have written anew by now.
addEventListener("hashchange", ({ newURL }) => {
  set(parse(fields, new URL(newURL).hash));
  goTo(state.at);
});

function goTo(name) {
  document.getElementById(name)?.scrollIntoView({ behavior: reducedMotion.matches ? "auto" : "smooth" });
}

// ---- theme and language

const colours = new Map();

// The value of a custom property in the theme of now, for drawings on a canvas: colour("--class-0")
function colour(name) {
  if (!colours.has(name)) {
    const probe = document.body.appendChild(h("i", { style: `color: var(${name})`, hidden: true }));
    colours.set(name, getComputedStyle(probe).color);
    probe.remove();
  }
  return colours.get(name);
}

function dress() {
  colours.clear();
  change(document.documentElement, { "data-theme": state.theme || undefined });
}

// Drawings on a canvas know neither a new theme nor a new width by themselves.
const redraw = () => set({ theme: state.theme });
darkSystem.addEventListener("change", redraw);
addEventListener("resize", redraw);

const spoken = () => state.language || (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");

// ---- something that moves: step(milliseconds since the last) in every frame while it plays

function animation(step) {
  let last;
  let request;
  const tick = (now) => {
    request = requestAnimationFrame(tick);
    step(Math.min(100, now - last));
    last = now;
  };
  const it = {
    playing: false,
    play() {
      if (it.playing) return;
      it.playing = true;
      last = performance.now();
      request = requestAnimationFrame(tick);
    },
    pause() {
      it.playing = false;
      cancelAnimationFrame(request);
    },
  };
  stops.push(it.pause);
  return it;
}

// ---- the page

function picker(label, key, options) {
  const button = ([value, text]) =>
    h("button", { type: "button", "aria-pressed": String(value === (key === "language" ? spoken() : state[key])), text, onclick: () => set({ [key]: value }) });
  return h("div", { class: "picker", role: "group", "aria-label": label }, ...Object.entries(options).map(button));
}

function header(t) {
  const link = (section, k) =>
    h("a", {
      href: `#at=${section.name}`,
      html: `<span>${k + 1}</span> ${translator(section.words, spoken())("name")}`,
      onclick(event) {
        event.preventDefault();
        set({ at: section.name });
        goTo(section.name);
      },
    });
  const themes = { "": t("theme_system"), light: t("theme_light"), dark: t("theme_dark") };
  const reset = h("button", { type: "button", text: t("reset"), onclick: startOver });
  return h(
    "header",
    {},
    h("div", { class: "settings" }, picker(t("language"), "language", LANGUAGES), picker(t("theme"), "theme", themes), reset),
    h("h1", { text: t("title") }),
    h("p", { class: "lead", html: t("lead") }),
    h("nav", { "aria-label": t("contents") }, ...sections.map(link)),
  );
}

function startOver() {
  const { language, theme } = state;
  set({ ...parse(fields, ""), language, theme });
}

function article(section, k) {
  const say = translator(section.words, spoken());
  const place = h("div", { class: "play" });
  const element = h(
    "section",
    { id: section.name, "aria-labelledby": `${section.name}-title` },
    h("div", { class: "telling" }, h("h2", { id: `${section.name}-title`, html: `<span>${k + 1}</span> ${say("title")}` }), h("p", { html: say("text") })),
    place,
  );
  const app = { state, set, t: say, language: spoken(), colour, animation, reducedMotion: () => reducedMotion.matches };
  parts.push({ element, inView: false, uses: [...Object.keys(section.fields), ...section.uses], draw: section.create(place, app) });
  viewed.observe(element);
  return element;
}

function build() {
  for (const stop of stops) stop();
  viewed.disconnect();
  stale.clear();
  parts = [];
  stops = [];
  dress();
  const t = translator(words, spoken());
  document.documentElement.lang = { en: "en", zh: "zh-Hans" }[spoken()];
  document.title = t("title");
  document.body.replaceChildren(
    header(t),
    h("main", {}, ...sections.map(article)),
    h("footer", {}, h("p", { html: t("link") }), h("p", { html: t("footer") })),
  );
}

set({ ...parse(fields, location.hash) });
frame();
goTo(state.at);
