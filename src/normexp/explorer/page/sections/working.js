export { words } from "sections/working.words";

export const name = "working";
export const fields = {};
export const uses = [];

export function create(place, app) {
  return () => {};
}
