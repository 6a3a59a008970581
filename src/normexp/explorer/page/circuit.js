// Cross-entropy behind a linear layer as a graph: values go forward, derivatives of the loss come
// back along the same edges, each multiplied by the local derivative on its way.

/** The nodes in the order in which they are computed, the edges between them, their derivatives. */
export function circuit(x, weight, bias, y) {
  const nodes = [];
  const node = (kind, index, value, inputs = []) => {
    const made = { kind, index, value, inputs, slope: 0 };
    nodes.push(made);
    return made;
  };
  const features = x.map((value, i) => node("x", i, value));
  const z = weight.map((row, k) => {
    const value = row.reduce((sum, w, i) => sum + w * x[i], bias[k]);
    return node("z", k, value, features.map((from, i) => ({ from, local: row[i] })));
  });
  const e = z.map((from, k) => {
    const value = Math.exp(from.value);
    return node("e", k, value, [{ from, local: value }]);
  });
  const total = e.reduce((sum, { value }) => sum + value, 0);
  const s = node("s", 0, total, e.map((from) => ({ from, local: 1 })));
  const p = e.map((from, k) =>
    node("p", k, from.value / total, [
      { from, local: 1 / total },
      { from: s, local: -from.value / total ** 2 },
    ]),
  );
  const loss = node("loss", 0, -Math.log(p[y].value), [{ from: p[y], local: -1 / p[y].value }]);
  backward(nodes, loss);
  return { nodes, features, z, e, s, p, loss };
}

/** ∂loss/∂node for every node: from the loss back, each edge passes on slope · local. */
function backward(nodes, loss) {
  loss.slope = 1;
  for (const node of [...nodes].reverse()) {
    for (const input of node.inputs) {
      input.slope = node.slope * input.local;
      input.from.slope += input.slope;
    }
  }
}
