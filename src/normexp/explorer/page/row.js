// The row of scores that all sections share, and what all of them derive from it.

import { setting } from "format";
import { number, numbers, texts } from "state";

export const FARTHEST = 1000; // a score from 0

export const fields = {
  z: numbers([2, 1, -1], { min: -FARTHEST, max: FARTHEST, least: 2, most: 1000 }),
  names: texts({ most: 1000 }), // of the classes, where they have any
  temperature: number(1, { min: 0.1, max: 10, log: true }),
  shift: number(0, { min: -200, max: 200, step: 1 }),
  target: number(1, { min: 0, max: 999, integer: true }),
};

// The logits: the scores, all shifted by the same number.
export const logits = (state) => state.z.map((x) => x + state.shift);

// What softmax takes: the logits divided by the temperature.
export const scaled = (state) => logits(state).map((x) => x / state.temperature);

// A link may name a target that the row does not have.
export const target = (state) => Math.min(state.target, state.z.length - 1);

// The name of a class: the reader's, or else "class 2".
export const called = ({ names }, t, k) => names[k] || t("class_k", { k });

// The same, short, and at the beginning of a sentence.
export const short = ({ names }, k) => names[k] || String(k);
export const opening = (state, t, k) => called(state, t, k).replace(/^./, (letter) => (state.names[k] ? letter : letter.toUpperCase()));

// By how much the logit of class a leads that of class b, as it comes about: 2 − 1 = 1, or (2 − 1)/0.1 = 10. What is
// given is written by `score(k)` and `temperature()`.
export function lead(state, a, b, { score, temperature }) {
  const x = scaled(state);
  const there = setting(x[a] - x[b]);
  const taken = state.z[b] < 0 ? `(${score(b)})` : score(b);
  const difference = `${score(a)} − ${taken}`;
  return state.temperature === 1 ? `${difference} = ${there}` : `(${difference})/${temperature()} = ${there}`;
}

// Give some classes other scores.
export function move(app, changes) {
  const z = [...app.state.z];
  for (const [k, score] of changes) z[k] = score;
  app.set({ z });
}

// The range of an axis that holds all scores.
export function axis(state) {
  const largest = Math.max(...state.z.map(Math.abs));
  const end = [5, 10, 20, 50, 100, 200, 500].find((x) => x >= largest) ?? FARTHEST;
  return [-end, end];
}

// So many scores: those that are there, then others from a fixed sequence.
export function resized(z, count) {
  const more = (k) => Math.round(30 * Math.sin(12.9898 * k * k)) / 10;
  return Array.from({ length: count }, (_, k) => z[k] ?? more(k));
}
