// Strokes of a pointer over a picture. A finger scrolls the page there, and no more than taps, unless the reader has
// switched its drawing on: then it draws, and two fingers still zoom.

import { change, h } from "dom";
import { words } from "strokes.words";
import { translator } from "words";

const STILL = 10; // pixels that a finger may slip in a tap

// begin(event), go(event) and end() of a stroke. Returns the switch, for a place below the picture.
export function strokes(app, node, { begin, go, end }) {
  const t = translator(words, app.language);
  let stroking = false;
  let touched = null; // where a finger that does not draw came down
  const isTap = ({ clientX, clientY }) => touched && Math.hypot(clientX - touched.clientX, clientY - touched.clientY) < STILL;
  const draws = () => node.classList.contains("drawn-by-finger");
  const finish = () => {
    if (stroking) end();
    stroking = false;
    touched = null;
  };

  node.classList.add("drawable");
  // A second finger comes to zoom, or the browser takes the first away to scroll: what was drawn was not meant.
  const breakOff = () => {
    if (stroking) app.revert();
    finish();
  };
  node.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary) return breakOff();
    if (event.button !== 0) return undefined;
    stroking = event.pointerType !== "touch" || draws();
    if (!stroking) return (touched = event);
    node.setPointerCapture(event.pointerId);
    return begin(event);
  });
  node.addEventListener("pointermove", (event) => {
    if (stroking && event.isPrimary) go(event);
  });
  node.addEventListener("pointerup", (event) => {
    if (!event.isPrimary) return;
    if (isTap(event)) {
      stroking = true;
      begin(event);
    }
    finish();
  });
  node.addEventListener("pointercancel", (event) => event.isPrimary && breakOff());

  const toggle = h("button", {
    ...{ type: "button", "aria-pressed": "false", text: t("by_finger") },
    onclick: () => change(toggle, { "aria-pressed": String(node.classList.toggle("drawn-by-finger")) }),
  });
  return h("p", { class: "by-finger note" }, toggle, h("span", { text: t("a_tap") }));
}
