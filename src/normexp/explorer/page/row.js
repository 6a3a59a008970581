// The row of scores that all sections share, and what all of them derive from it.

import { number, numbers } from "state";

export const fields = {
  z: numbers([2, 1, -1], { min: -1000, max: 1000, least: 2, most: 1000 }),
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

// Give some classes other scores.
export function move(app, changes) {
  const z = [...app.state.z];
  for (const [k, score] of changes) z[k] = score;
  app.set({ z });
}

// The range of an axis that holds all scores.
export function axis(state) {
  const largest = Math.max(...state.z.map(Math.abs));
  const end = [5, 10, 20, 50, 100, 200, 500].find((x) => x >= largest) ?? 1000;
  return [-end, end];
}

// So many scores: those that are there, then others from a fixed sequence.
export function resized(z, count) {
  const more = (k) => Math.round(30 * Math.sin(12.9898 * k * k)) / 10;
  return Array.from({ length: count }, (_, k) => z[k] ?? more(k));
}
