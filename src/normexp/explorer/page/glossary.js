// Definitions at a touch: the first time that a section uses a term, its text has a button there that says what it is.

import { h } from "dom";
import { terms } from "glossary.terms";

const TAG = /(<[^>]+>)/;
const PRIVATE = 0xe000; // where Unicode has no signs of its own
const inEnglish = (form) => new RegExp(`\\b${form}\\b`, "i");
const pattern = (form, language) => (language === "en" ? inEnglish(form) : new RegExp(form));

/** The text with a button for each term in it. */
export function defined(text, language) {
  const pieces = text.split(TAG); // text, and tags, at odd places
  const found = [];
  for (const [key, { form }] of Object.entries(terms[language])) {
    const at = pieces.findIndex((piece, i) => i % 2 === 0 && pattern(form, language).test(piece));
    if (at < 0) continue;
    // A sign in its place, so that no other term is looked for inside.
    pieces[at] = pieces[at].replace(pattern(form, language), (word) => {
      found.push(`<button type="button" class="term" popovertarget="term-${key}">${word}</button>`);
      return String.fromCharCode(PRIVATE + found.length - 1);
    });
  }
  return found.reduce((whole, button, i) => whole.replace(String.fromCharCode(PRIVATE + i), button), pieces.join(""));
}

/** What the buttons open. */
export const definitions = (language) =>
  Object.entries(terms[language]).map(([key, { is }]) => h("p", { id: `term-${key}`, class: "definition", popover: "auto", html: is }));
