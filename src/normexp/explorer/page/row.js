// The row of scores that all sections share, and what all of them derive from it.

import { setting } from "format";
import { number, numbers } from "state";

export const FARTHEST = 1000; // a score from 0

export const fields = {
  z: numbers([2, 1, -1], { min: -FARTHEST, max: FARTHEST, least: 2, most: 1000 }),
  temperature: number(1, { min: 0.1, max: 10 }),
  shift: number(0, { min: -200, max: 200 }),
  target: number(1, { min: 0, max: 999, integer: true }),
};

// The logits: the scores, all shifted by the same number.
export const logits = (state) => state.z.map((x) => x + state.shift);

// What softmax takes: the logits divided by the temperature.
export const scaled = (state) => logits(state).map((x) => x / state.temperature);

// A link may name a target that the row does not have.
export const target = (state) => Math.min(state.target, state.z.length - 1);

// By how much the logit of class a leads that of class b, as it comes about: 1, or (2 − 1)/0.1 = 10.
export function lead(state, a, b) {
  const x = scaled(state);
  const there = setting(x[a] - x[b]);
  if (state.temperature === 1) return there;
  const taken = state.z[b] < 0 ? `(${setting(state.z[b])})` : setting(state.z[b]);
  return `(${setting(state.z[a])} − ${taken})/${setting(state.temperature)} = ${there}`;
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
