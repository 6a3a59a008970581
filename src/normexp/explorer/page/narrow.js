// One row in a narrow format, every operation rounded to it: the ordinary computation, which loses
// a confident row, and the one that keeps it.
import { round } from "formats";

const rounder = (format) => (x) => round(x, format);

/** z − m, exp, the running sum, log, the loss, p and p − y, as most programs compute them. */
export function ordinary(z, y, format) {
  const r = rounder(format);
  const m = Math.max(...z);
  const shifted = z.map((value) => r(value - m));
  const exps = shifted.map((value) => r(Math.exp(value)));
  const sums = [];
  for (const e of exps) sums.push(r((sums.at(-1) ?? 0) + e));
  const sum = sums.at(-1);
  const log = r(Math.log(sum));
  const p = exps.map((e) => r(e / sum));
  const gradient = p.map((value, k) => (k === y ? r(value - 1) : value));
  return { shifted, exps, sums, sum, log, loss: r(log - shifted[y]), p, gradient };
}

/** The same without a 1 that small numbers are added to: rest, log1p, the gradient from the others. */
export function lossless(z, y, format) {
  const r = rounder(format);
  const m = Math.max(...z);
  const top = z.indexOf(m);
  const exps = z.map((value) => r(Math.exp(r(value - m))));
  const sumBut = (left) => exps.reduce((sum, e, k) => (k === left ? sum : r(sum + e)), 0);
  const rest = sumBut(top);
  const log1p = r(Math.log1p(rest));
  const total = r(1 + rest);
  const gradient = exps.map((e, k) => r((k === y ? -sumBut(y) : e) / total));
  return { exps, rest, log1p, loss: r(r(m - z[y]) + log1p), total, gradient };
}
