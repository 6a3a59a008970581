// What each node and weight of the graph computes, with the numbers of now: forward, and backward.

import { digits, indexed } from "format";

const number = (x) => digits(x, 3);
const factor = (x) => (x < 0 ? `(${number(x)})` : number(x));
const sum = (terms) => terms.join(" + ");
const slope = (name) => `∂ℓ/∂${name}`;
const weightName = (k, i) => indexed("w", k) + indexed("", i);

export function formulas({ x, weight, bias, y, graph }) {
  const { z, e, s, p, loss } = graph;
  const every = (letter) => z.map((_, k) => indexed(letter, k));
  return {
    x: (i) => ({
      forward: [indexed("x", i), number(x[i])],
      backward: [
        slope(indexed("x", i)),
        sum(z.map((_, k) => `${weightName(k, i)}·${slope(indexed("z", k))}`)),
        sum(z.map((node, k) => `${factor(weight[k][i])}·${factor(node.slope)}`)),
        number(graph.features[i].slope),
      ],
    }),
    z: (k) => ({
      forward: [
        indexed("z", k),
        sum([...x.map((_, i) => `${weightName(k, i)}·${indexed("x", i)}`), indexed("b", k)]),
        sum([...x.map((value, i) => `${factor(weight[k][i])}·${factor(value)}`), factor(bias[k])]),
        number(z[k].value),
      ],
      backward: [
        slope(indexed("z", k)),
        `${slope(indexed("e", k))}·${indexed("e", k)}`,
        k === y ? `${indexed("p", k)} − 1` : indexed("p", k),
        number(z[k].slope),
      ],
    }),
    e: (k) => ({
      forward: [indexed("e", k), `exp(${indexed("z", k)})`, `exp(${number(z[k].value)})`, number(e[k].value)],
      backward: [
        slope(indexed("e", k)),
        `${slope(indexed("p", k))}·1/s + ${slope("s")}`,
        `${factor(p[k].slope)}/${number(s.value)} + ${factor(s.slope)}`,
        number(e[k].slope),
      ],
    }),
    s: () => ({
      forward: ["s", sum(every("e")), sum(e.map((node) => number(node.value))), number(s.value)],
      backward: [
        slope("s"),
        sum(every("p").map((name, k) => `${slope(name)}·(−${indexed("e", k)}/s²)`)),
        "1/s",
        number(s.slope),
      ],
    }),
    p: (k) => ({
      forward: [
        indexed("p", k),
        `${indexed("e", k)}/s`,
        `${number(e[k].value)}/${number(s.value)}`,
        number(p[k].value),
      ],
      backward:
        k === y
          ? [slope(indexed("p", k)), `−1/${indexed("p", k)}`, `−1/${number(p[k].value)}`, number(p[k].slope)]
          : [slope(indexed("p", k)), "0"],
    }),
    loss: () => ({
      forward: ["ℓ", `−log ${indexed("p", y)}`, `−log ${number(p[y].value)}`, number(loss.value)],
      backward: [slope("ℓ"), "1"],
    }),
    w: (k, i) => ({
      forward: [weightName(k, i), number(weight[k][i])],
      backward: [
        slope(weightName(k, i)),
        `${slope(indexed("z", k))}·${indexed("x", i)}`,
        `${factor(z[k].slope)}·${factor(x[i])}`,
        number(z[k].slope * x[i]),
      ],
    }),
  };
}
