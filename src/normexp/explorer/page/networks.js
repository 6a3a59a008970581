// Linear and one-hidden-layer classifiers in float64, their gradients by backpropagation, and
// gradient descent. A layer is {weight, bias}, its weight a row for each output.

/** Uniform numbers in [0, 1), the same for the same seed (mulberry32). */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A number from N(0, 1) (Box and Muller). */
export const normal = (random) =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

// Plain arrays: for so few numbers they are several times faster than a Float64Array.
const zeros = (n) => new Array(n).fill(0);

/** Layers of the given sizes, say [2, 3] or [2, 16, 3]: weights from N(0, 2/inputs), biases 0 (He). */
export function createNetwork(sizes, random) {
  return sizes.slice(1).map((outputs, l) => {
    const scale = Math.sqrt(2 / sizes[l]);
    const row = () => zeros(sizes[l]).map(() => scale * normal(random));
    return { weight: Array.from({ length: outputs }, row), bias: zeros(outputs) };
  });
}

const zerosLike = (layers) =>
  layers.map(({ weight, bias }) => ({
    weight: weight.map((row) => zeros(row.length)),
    bias: zeros(bias.length),
  }));

function affine({ weight, bias }, x) {
  const z = zeros(bias.length);
  for (let k = 0; k < z.length; k++) {
    const row = weight[k];
    let sum = bias[k];
    for (let i = 0; i < x.length; i++) sum += row[i] * x[i];
    z[k] = sum;
  }
  return z;
}

const rectify = (z) => z.map((value) => Math.max(0, value));

/** What every layer is given, and last the logits: rectified linear units between two layers. */
function activations(layers, x) {
  const values = [x];
  layers.forEach((layer, l) => {
    const z = affine(layer, values[l]);
    values.push(l < layers.length - 1 ? rectify(z) : z);
  });
  return values;
}

export const logits = (layers, x) => activations(layers, x).at(-1);

/** Adds to `gradient` what one sample contributes: from ∂loss/∂logits back to the first layer. */
function backpropagate(layers, values, upstream, gradient) {
  for (let l = layers.length - 1; l >= 0; l--) {
    const below = zeros(values[l].length);
    for (let k = 0; k < upstream.length; k++) {
      const slope = upstream[k];
      const row = gradient[l].weight[k];
      gradient[l].bias[k] += slope;
      for (let i = 0; i < below.length; i++) {
        row[i] += slope * values[l][i];
        below[i] += slope * layers[l].weight[k][i];
      }
    }
    upstream = below.map((slope, i) => (values[l][i] > 0 ? slope : 0));
  }
}

/**
 * The mean loss of the samples and the ridge penalty alpha/2 · ‖W‖² of all weights, with the
 * gradient of both. `loss(z, y)` gives {value, grad} of one row of logits.
 */
export function objective(layers, samples, loss, alpha) {
  const gradient = zerosLike(layers);
  let value = 0;
  for (const { features, target } of samples) {
    const values = activations(layers, features);
    const row = loss(values.at(-1), target);
    value += row.value / samples.length;
    const upstream = row.grad.map((slope) => slope / samples.length);
    backpropagate(layers, values, upstream, gradient);
  }
  layers.forEach(({ weight }, l) =>
    weight.forEach((row, k) =>
      row.forEach((w, i) => {
        value += (alpha / 2) * w * w;
        gradient[l].weight[k][i] += alpha * w;
      }),
    ),
  );
  return { value, gradient };
}

/** One step against the gradient: θ ← θ − rate · ∂/∂θ. */
export function descend(layers, gradient, rate) {
  layers.forEach(({ weight, bias }, l) => {
    weight.forEach((row, k) => row.forEach((_, i) => (row[i] -= rate * gradient[l].weight[k][i])));
    bias.forEach((_, k) => (bias[k] -= rate * gradient[l].bias[k]));
  });
}

/** The samples in a random order (Fisher and Yates). */
function shuffled(samples, random) {
  const order = [...samples];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** All weights and biases in a row, and layers of the same sizes made of such a row. */
export const flat = (layers) => layers.flatMap(({ weight, bias }) => [...weight.flat(), ...bias]);

export function unflat(values, sizes) {
  let at = 0;
  const take = (n) => values.slice(at, (at += n));
  return sizes.slice(1).map((outputs, l) => ({
    weight: Array.from({ length: outputs }, () => take(sizes[l])),
    bias: take(outputs),
  }));
}

export const sizesOf = ({ classes, hidden }) => (hidden ? [2, hidden, classes] : [2, classes]);

/** What the hidden units of a network give at x; none has a linear one. */
export const hiddenAt = (layers, x) => (layers.length > 1 ? activations(layers, x)[1] : []);

/** The mean loss of samples, without the penalty; NaN of none. */
export function meanLoss(layers, samples, loss) {
  const values = samples.map(({ features, target }) => loss(logits(layers, features), target).value);
  return values.reduce((sum, value) => sum + value / values.length, values.length ? 0 : NaN);
}

/**
 * A classifier before its first pass: `hidden` units, or none for a linear one; `first` are its weights in a row, where
 * they are not random. `batchSize` samples make one step, Infinity takes all of them. `history` holds the objective
 * after every pass so far, `heldHistory` the mean loss of samples that are held out.
 */
export function start(samples, { classes, hidden, seed, first, held = [], ...options }) {
  const random = generator(seed);
  const sizes = sizesOf({ classes, hidden });
  const drawn = createNetwork(sizes, random);
  const layers = first ? unflat(first, sizes) : drawn;
  const now = objective(layers, samples, options.loss, options.alpha);
  return { layers, samples, held, random, ...options, now, history: [now.value], heldHistory: [meanLoss(layers, held, options.loss)] };
}

export const diverged = (run) => !Number.isFinite(run.now.value);

/** One pass over the samples. */
export function advance(run) {
  const { layers, samples, random, loss, alpha, rate, batchSize } = run;
  if (!diverged(run) && batchSize >= samples.length) descend(layers, run.now.gradient, rate);
  else if (!diverged(run)) {
    const order = shuffled(samples, random);
    for (let first = 0; first < order.length; first += batchSize) {
      const batch = order.slice(first, first + batchSize);
      descend(layers, objective(layers, batch, loss, alpha).gradient, rate);
    }
  }
  run.now = objective(layers, samples, loss, alpha);
  run.history.push(run.now.value);
  run.heldHistory.push(meanLoss(layers, run.held, loss));
}
