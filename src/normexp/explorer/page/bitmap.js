// From strokes to 8 × 8 counts, as the digits data was made from scanned sheets: the digit fills a field of 32 × 32 from
// top to bottom and more than half of its width, its lines are thickened or thinned until the ink is as much as in other digits,
// and what is black in each block of 4 × 4 is counted, 0 to 16.

const FIELD = 32;
const BLOCK = 4;
export const SIDE = FIELD / BLOCK;
const WIDTH = 18; // of loops as even as a mouse draws them; with 20, an 8 loses its waist
const INK = 311; // black of 1024, in the mean over the data
const STRETCH = 1.6; // a 1 is not drawn out to the width of a 0
const [THINNEST, THICKEST] = [1, 6]; // half the width of a line

const squared = (x) => x * x;

/** The 64 counts, row by row; all 0 without a stroke. */
export function counts(strokes) {
  const pixels = new Array(SIDE * SIDE).fill(0);
  if (strokes.length === 0) return pixels;
  let radius = 2.5;
  let distances;
  for (let turn = 0; turn < 2; turn++) {
    distances = distancesTo(fitted(strokes, radius));
    const enough = Math.sqrt(distances.toSorted((a, b) => a - b)[INK]);
    radius = Math.min(THICKEST, Math.max(THINNEST, enough));
  }
  distances.forEach((distance, i) => {
    if (distance > squared(radius)) return;
    const [row, column] = [Math.floor(i / FIELD), i % FIELD];
    pixels[Math.floor(row / BLOCK) * SIDE + Math.floor(column / BLOCK)] += 1;
  });
  return pixels;
}

/** The strokes, moved and scaled to the middle of the field, with room for a line of this radius. */
function fitted(strokes, radius) {
  const bounds = [0, 1].map((axis) => {
    const all = strokes.flatMap((stroke) => stroke.map((place) => place[axis]));
    const [low, high] = [Math.min(...all), Math.max(...all)];
    return { middle: (low + high) / 2, extent: high - low };
  });
  const room = [WIDTH - 2 * radius, FIELD - 2 * radius];
  const full = bounds.map(({ extent }, axis) => room[axis] / Math.max(extent, 1e-9));
  const [x, y] = full.map((scale, axis) => Math.min(scale, STRETCH * full[1 - axis]));
  const to = ([a, b]) => [FIELD / 2 + x * (a - bounds[0].middle), FIELD / 2 + y * (b - bounds[1].middle)];
  return strokes.map((stroke) => spaced(stroke.map(to)));
}

// Without the places that a slow hand has left within a pixel of the one before.
function spaced(stroke) {
  const kept = [stroke[0]];
  for (const here of stroke) if (Math.hypot(here[0] - kept.at(-1)[0], here[1] - kept.at(-1)[1]) >= 1) kept.push(here);
  return kept;
}

/** The squared distance of the middle of each pixel of the field to the nearest line, where a line can cover it. */
function distancesTo(strokes) {
  const nearest = new Float64Array(FIELD * FIELD).fill(Infinity);
  for (const stroke of strokes) stroke.forEach((end, i) => nearTo(nearest, stroke[Math.max(0, i - 1)], end));
  return nearest;
}

const within = (x) => Math.min(FIELD, Math.max(0, x));

function nearTo(nearest, [x0, y0], [x1, y1]) {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const length = dx * dx + dy * dy;
  const [left, right] = [within(Math.floor(Math.min(x0, x1) - THICKEST)), within(Math.ceil(Math.max(x0, x1) + THICKEST))];
  const [top, bottom] = [within(Math.floor(Math.min(y0, y1) - THICKEST)), within(Math.ceil(Math.max(y0, y1) + THICKEST))];
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      const [x, y] = [column + 0.5 - x0, row + 0.5 - y0];
      const along = length > 0 ? Math.min(1, Math.max(0, (x * dx + y * dy) / length)) : 0;
      const distance = squared(x - along * dx) + squared(y - along * dy);
      const at = row * FIELD + column;
      if (distance < nearest[at]) nearest[at] = distance;
    }
  }
}
