// Softmax and its losses in float64, by the formulas of the library: nothing is ever subtracted
// that could cancel. Plain functions of plain arrays; nothing here knows of a page.
//
// m is the largest logit of a row, `rest` the sum of exp(z − m) over every class but one that has it.

// x + y and what its rounding lost (Knuth's two-sum).
function twoSum(x, y) {
  const sum = x + y;
  const part = sum - x;
  return [sum, Number.isFinite(sum) ? x - (sum - part) + (y - part) : 0];
}

// exp(x − y), without the rounding of x − y as an error of the exponent.
function expOfDifference(x, y) {
  const [difference, lost] = twoSum(x, -y);
  const e = Math.exp(difference);
  return e + e * lost;
}

const add = (values) => values.reduce((sum, value) => sum + value, 0);
const addBut = (values, k) => values.reduce((sum, value, j) => (j === k ? sum : sum + value), 0);

// What all formulas below are made of: the maximum, where it stands, exp(z − m) and rest.
export function summary(z) {
  const m = z.reduce((x, y) => (Number.isNaN(y) || y > x ? y : x), -Infinity);
  const lead = z.indexOf(m);
  const e = z.map((x, k) => (k === lead ? 1 : expOfDifference(x, m)));
  return { m, lead, e, rest: addBut(e, lead) };
}

export function softmax(z) {
  const { e, rest } = summary(z);
  return e.map((x) => x / (1 + rest));
}

export function logSoftmax(z) {
  const { m, rest } = summary(z);
  return z.map((x) => -(m - x + Math.log1p(rest)));
}

export function logSumExp(z) {
  const { m, rest } = summary(z);
  return m + Math.log1p(rest);
}

// 1 − p of a class: the sum of the others.
export const complement = addBut;

// A loss gives its value and its gradient for one row of logits and the class of its target.

export function crossEntropy(z, y) {
  const { m, rest, e } = summary(z);
  const p = e.map((x) => x / (1 + rest));
  const grad = p.with(y, -complement(p, y));
  return { value: m - z[y] + Math.log1p(rest), grad };
}

// margin + z_j − z_y for every other class, where that is positive; 0 for the target itself.
export function violations(z, y, margin = 1) {
  return z.map((x, j) => {
    if (j === y) return 0;
    const [lead, lost] = twoSum(x, -z[y]);
    const [sum, alsoLost] = twoSum(lead, margin);
    return Math.max(0, sum + (lost + alsoLost));
  });
}

export function westonWatkins(z, y) {
  const v = violations(z, y);
  const pulls = v.map((x) => (x > 0 ? 1 : 0));
  return { value: add(v), grad: pulls.with(y, -add(pulls)) };
}

export function crammerSinger(z, y) {
  const v = violations(z, y);
  const value = Math.max(...v);
  const grad = z.map(() => 0);
  if (value > 0) {
    grad[v.indexOf(value)] = 1;
    grad[y] = -1;
  }
  return { value, grad };
}

export const squaredError = (z, y) => squaredErrorOf(z, oneHot(z.length, y));

// The squared error of the probabilities. With g = p − t its gradient is 2·p_k·Σ p_j·(g_k − g_j), where
// the leading class, which may leave nothing to the others, comes in last.
export function brier(z, y) {
  return brierWith(z, (p) => p.with(y, -complement(p, y)));
}

function brierWith(z, difference) {
  const { lead, e, rest } = summary(z);
  const p = e.map((x) => x / (1 + rest));
  const g = difference(p);
  const others = complement(p, lead);
  const sum = addBut(p.map((x, j) => x * g[j]), lead);
  const grad = p.map((x, k) => 2 * x * (g[k] * others - sum + p[lead] * (g[k] - g[lead])));
  return { value: add(g.map((x) => x * x)), grad };
}

// The same for a target that is a distribution over the classes, of which a class without a share costs nothing.

export const oneHot = (n, y) => Array.from({ length: n }, (_, k) => (k === y ? 1 : 0));

// Label smoothing: a part of the target, spread evenly.
export const smoothed = (q, part) => q.map((share) => (1 - part) * share + part / q.length);

export const entropy = (q) => add(q.map((share) => (share > 0 ? -share * Math.log(share) : 0)));

export function crossEntropyOf(z, q) {
  const { m, rest } = summary(z);
  const lost = q.map((share, k) => (share > 0 ? share * (m - z[k]) : 0));
  return { value: add(lost) + add(q) * Math.log1p(rest), grad: softmax(z).map((p, k) => p - q[k]) };
}

export function squaredErrorOf(z, q) {
  const g = z.map((x, k) => x - q[k]);
  return { value: add(g.map((x) => x * x)), grad: g.map((x) => 2 * x) };
}

export const brierOf = (z, q) => brierWith(z, (p) => p.map((x, k) => x - q[k]));

// The same in float32 as it is first written down: no maximum subtracted, every step rounded.
export function naive32(z, y) {
  const x = z.map(Math.fround);
  const e = x.map((value) => Math.fround(Math.exp(value)));
  const sum = e.reduce((total, value) => Math.fround(total + value), 0);
  const p = e.map((value) => Math.fround(value / sum));
  if (y === undefined) return { e, sum, p };
  return { e, sum, p, value: Math.fround(-Math.log(p[y])), grad: p.with(y, Math.fround(p[y] - 1)) };
}
