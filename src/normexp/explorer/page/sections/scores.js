export { words } from "sections/scores.words";

export const name = "scores";
export const fields = {};
export const uses = [];

export function create(place, app) {
  return () => {};
}
