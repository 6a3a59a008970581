// What the pad and the decision regions share: a canvas as sharp as the screen, and the markers of the classes.

// The context of a square canvas of this size on the page, cleared.
export function fitted(canvas, size) {
  const pixels = Math.round(size * devicePixelRatio);
  if (canvas.width !== pixels) canvas.width = canvas.height = pixels;
  const context = canvas.getContext("2d");
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  context.clearRect(0, 0, size, size);
  return context;
}

// From [−1, 1]², y upwards, to pixels.
export const toPixels = ([x, y], size) => [((x + 1) / 2) * size, ((1 - y) / 2) * size];

const corners = (count, turn) => Array.from({ length: count }, (_, i) => turn + (i / count) * 2 * Math.PI);

// A class has a shape besides its colour: circle, square, triangle, diamond, triangle upside down.
const SHAPES = [null, corners(4, Math.PI / 4), corners(3, -Math.PI / 2), corners(4, 0), corners(3, Math.PI / 2)];
export const MARKERS = ["●", "■", "▲", "◆", "▼"];

export function drawMarker(context, target, x, y, radius, isHollow = false) {
  const shape = SHAPES[target];
  context.beginPath();
  if (!shape) context.arc(x, y, radius, 0, 2 * Math.PI);
  const reach = 1.25 * radius; // then the areas look alike
  shape?.forEach((angle) => context.lineTo(x + reach * Math.cos(angle), y + reach * Math.sin(angle)));
  context.closePath();
  if (isHollow) context.stroke();
  else context.fill();
}
