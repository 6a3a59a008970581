// What a reader takes along of a section: its link, and a picture of it as it stands.

import { button } from "controls";
import { h } from "dom";
import { words } from "keep.words";
import { translator } from "words";

const SVG = "http://www.w3.org/2000/svg";
const SCALE = 2; // pixels of the picture for one of the page
const SAID = 2500; // milliseconds for which it says that it is done

/** The buttons below its text; `link()` is the address with the section in it, `project()` shows it on a beamer. */
export function keepButtons(section, app, { link, project }) {
  const t = translator(words, app.language);
  const said = h("span", { class: "note", role: "status" });
  let waiting;
  const say = (key) => {
    said.textContent = t(key);
    clearTimeout(waiting);
    waiting = setTimeout(() => (said.textContent = ""), SAID);
  };
  const copy = async () => say((await copied(link())) ? "copied" : "not_copied");
  const save = async () => {
    const element = document.getElementById(section.name);
    const picture = await pictureOf(element);
    download(picture, `softmax-${section.name}.${picture.type === "image/png" ? "png" : "svg"}`);
    say("saved");
  };
  return h("div", { class: "keep" }, button(t("copy"), copy), button(t("save"), save), button(t("project"), project), said);
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // the browser or the reader does not allow it; the address bar has it too
  }
}

function download(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** The section as a PNG; where the browser lets no page be painted on a canvas, as an SVG that holds it. */
export async function pictureOf(element) {
  const { left, height } = element.getBoundingClientRect();
  const drawing = svgOf(element, { width: innerWidth, height: Math.ceil(height), margin: left }); // laid out as in this window
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(drawing)}`;
  await image.decode();
  const canvas = h("canvas", { width: SCALE * image.width, height: SCALE * image.height });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  try {
    return await new Promise((done) => canvas.toBlob(done, "image/png"));
  } catch {
    return new Blob([drawing], { type: "image/svg+xml" });
  }
}

function svgOf(element, { width, height, margin }) {
  const copy = element.cloneNode(true);
  for (const left of copy.querySelectorAll(".question, .keep, .by-finger, .visually-hidden")) left.remove();
  // What a copy does not bring along: what is painted, and what is set.
  const originals = element.querySelectorAll("canvas");
  [...copy.querySelectorAll("canvas")].forEach((canvas, i) => canvas.replaceWith(h("img", { class: canvas.className, src: originals[i].toDataURL() })));
  const inputs = element.querySelectorAll("input");
  [...copy.querySelectorAll("input")].forEach((input, i) => input.setAttribute("value", inputs[i].value));
  const { colorScheme } = getComputedStyle(document.documentElement);
  const scheme = colorScheme.includes(" ") ? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light") : colorScheme;
  const style = h("style", { text: document.querySelector("style").textContent });
  const body = h("body", { lang: document.documentElement.lang, style: `margin: 0; padding: 0 ${margin}px; max-width: none; color-scheme: ${scheme}` }, style, copy);
  const svg = document.createElementNS(SVG, "svg");
  const place = svg.appendChild(document.createElementNS(SVG, "foreignObject"));
  for (const [node, size] of [[svg, { width, height, "data-theme": scheme }], [place, { width, height }]]) {
    for (const [name, value] of Object.entries(size)) node.setAttribute(name, value);
  }
  place.append(body);
  return new XMLSerializer().serializeToString(svg);
}
