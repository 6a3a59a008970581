// What a hand has drawn: strokes, each a list of places [x, y] on a sheet of 64 × 64, and how a link holds them.

const SHEET = 64;
const SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
export const MOST_PLACES = 600;

/** The nearest place of the sheet to x and y, shares of its sides from the upper left. */
export const place = (x, y) => [x, y].map((share) => Math.min(SHEET - 1, Math.max(0, Math.floor(share * SHEET))));

/** The middle of a place, as shares of the sides. */
export const share = ([x, y]) => [(x + 0.5) / SHEET, (y + 0.5) / SHEET];

/** Two characters for each place, a dot between two strokes. */
export const write = (strokes) => strokes.map((stroke) => stroke.map(([x, y]) => SIGNS[x] + SIGNS[y]).join("")).join(".");

export const read = (text) => {
  const strokes = text.split(".").map((part) => (part.match(/[\w-]{2}/g) ?? []).map((two) => [...two].map((sign) => SIGNS.indexOf(sign))));
  return first(strokes.filter((stroke) => stroke.length > 0), MOST_PLACES);
};

export const count = (strokes) => strokes.reduce((sum, stroke) => sum + stroke.length, 0);

/** The first so many places of what was drawn. */
export function first(strokes, most) {
  const kept = [];
  let left = most;
  for (const stroke of strokes) {
    if (left <= 0) break;
    kept.push(stroke.slice(0, left));
    left -= stroke.length;
  }
  return kept;
}
