export { words } from "sections/graph.words";

export const name = "graph";
export const fields = {};
export const uses = [];

export function create(place, app) {
  return () => {};
}
