export { words } from "sections/loss.words";

export const name = "loss";
export const fields = {};
export const uses = [];

export function create(place, app) {
  return () => {};
}
