// The row of scores that all sections share.

import { number, numbers } from "state";

export const fields = {
  z: numbers([2, 1, -1], { min: -10, max: 10, least: 2, most: 1000 }),
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
