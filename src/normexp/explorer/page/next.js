// Which word comes next: scores, what temperature, top-k and top-p leave of them, and words drawn at random.

import { SENTENCES } from "next.counted";
import { generator } from "networks";
import { softmax } from "numerics";

export { SENTENCES };

/**
 * The candidates of a sentence, the most frequent first: { word, at, count, score }, the score the logarithm of the count,
 * and `at` the place of the word among the counts.
 */
export const candidates = (name, counts) =>
  Object.keys(SENTENCES[name].counts)
    .map((word, at) => ({ word, at, count: counts[at], score: Math.log(counts[at]) }))
    .sort((one, other) => other.count - one.count);

/**
 * The probabilities of scores, none behind `k` others at the first: softmax of z/T over the k largest; then only the
 * fewest of these that together have `share`; then softmax over what is left. The others are −∞, and come to 0.
 */
export function distribution(scores, { temperature, k, share }) {
  const order = scores.map((_, i) => i).sort((i, j) => scores[j] - scores[i] || i - j);
  const keep = (kept) => softmax(scores.map((z, i) => (kept.includes(i) ? z / temperature : -Infinity)));
  const largest = order.slice(0, k);
  const p = keep(largest);
  let sum = 0;
  const fewest = largest.filter((i) => {
    const isNeeded = share === 1 || sum < share; // the sum of some may round to 1
    sum += p[i];
    return isNeeded;
  });
  return keep(fewest);
}

/** How often each comes up in n draws; the same draws for the same seed, so that more of them only add. */
export function sample(p, n, seed) {
  const random = generator(seed);
  const counts = p.map(() => 0);
  const sums = p.reduce((all, x) => [...all, (all.at(-1) ?? 0) + x], []);
  let last;
  for (let i = 0; i < n; i++) {
    const u = random() * sums.at(-1);
    last = sums.findIndex((sum) => u < sum);
    counts[last] += 1;
  }
  return { counts, last };
}
