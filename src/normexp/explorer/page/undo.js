// The keys and the buttons that undo and redo.

import { change, h } from "dom";

// begin() before whatever the reader does next. A click comes after the change that its press has ended in a text field.
export function watchGestures(begin) {
  const fresh = {
    pointerdown: (event) => event.isPrimary, // not a second finger
    click: () => true,
    keydown: (event) => !event.repeat,
    change: (event) => event.target.type === "text",
  };
  for (const [kind, isFresh] of Object.entries(fresh)) {
    addEventListener(kind, (event) => isFresh(event) && begin(), { capture: true });
  }
}

export function watchKeys(undo, redo) {
  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const key = event.key.toLowerCase();
    const isRedo = (key === "y" && event.ctrlKey) || (key === "z" && event.shiftKey); // ⌘Y is the browser's
    const does = isRedo ? redo : key === "z" ? undo : undefined;
    if (!does) return;
    event.preventDefault();
    does();
  });
}

// Always within reach, from the first change on.
export function undoButtons(t, { undo, redo, history }) {
  const button = (text, onclick) => h("button", { type: "button", onclick, text });
  const [back, forth] = [button(t("undo"), undo), button(t("redo"), redo)];
  const node = h("div", { class: "undoing", role: "region", "aria-label": t("undoing") }, back, forth);
  return {
    node,
    draw() {
      node.hidden = !history.canUndo && !history.canRedo;
      change(back, { "aria-disabled": String(!history.canUndo) });
      change(forth, { "aria-disabled": String(!history.canRedo) });
    },
  };
}
