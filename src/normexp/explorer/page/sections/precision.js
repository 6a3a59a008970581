export { words } from "sections/precision.words";

export const name = "precision";
export const fields = {};
export const uses = [];

export function create(place, app) {
  return () => {};
}
