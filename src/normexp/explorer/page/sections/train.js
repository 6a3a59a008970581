export { words } from "sections/train.words";

export const name = "train";
export const fields = {};
export const uses = [];

export function create(place, app) {
  return () => {};
}
