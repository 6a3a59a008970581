// What the reader did, to be undone gesture by gesture: a stroke, the drag of a slider, the press of a button or key.

const MOST = 500;

// An entry holds the values that its gesture changed, as they were before. Undoing exchanges them for those of now.
export function createHistory() {
  const past = [];
  const future = [];
  let gesture = 0;
  const exchange = (from, to, state) => {
    const { values } = from.pop() ?? { values: {} };
    const now = Object.fromEntries(Object.keys(values).map((key) => [key, state[key]]));
    if (Object.keys(values).length > 0) to.push({ values: now });
    return values;
  };
  return {
    begin() {
      gesture += 1;
    },
    record(before) {
      future.length = 0;
      const newest = past.at(-1);
      if (newest?.gesture === gesture) newest.values = { ...before, ...newest.values };
      else past.push({ gesture, values: before });
      if (past.length > MOST) past.shift();
    },
    undo: (state) => exchange(past, future, state),
    redo: (state) => exchange(future, past, state),
    // What a gesture that was broken off has done, so that it be undone, and not be there to redo.
    revert: () => (past.at(-1)?.gesture === gesture ? past.pop().values : {}),
    get canUndo() {
      return past.length > 0;
    },
    get canRedo() {
      return future.length > 0;
    },
  };
}
