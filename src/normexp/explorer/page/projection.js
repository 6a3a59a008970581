// For a beamer: one section at a time, large, and the arrow keys, or a presenter's, from one to the next.

import { button } from "controls";
import { h } from "dom";

const ONWARD = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 };
const HELD = "input, [data-scrub], [role=slider], [role=application], [data-id], [data-of], [data-node], .box"; // these have the keys for themselves

/** The bar at the foot of a projected page: `names` of the sections, `at` the one of now. */
export function projectionBar(t, { names, at, go, leave }) {
  const place = names.indexOf(at);
  const to = (step) => names[place + step];
  const turn = (text, step) => button(text, () => to(step) && go(to(step)), { id: `turn-${step}`, "aria-label": t(step > 0 ? "onward" : "backward"), "aria-disabled": String(!to(step)) });
  return h(
    "div",
    { class: "pager", role: "region", "aria-label": t("projection") },
    turn("‹", -1),
    h("span", { text: `${place + 1} / ${names.length}` }),
    turn("›", 1),
    button(t("leave"), leave),
  );
}

/** Keys of a projected page; `showing()` says whether it is one, and which section is there. */
export function watchProjection({ names, showing, go, leave }) {
  addEventListener("keydown", (event) => {
    const at = showing();
    if (!at || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && !document.querySelector(":popover-open")) return leave();
    const next = names[names.indexOf(at) + ONWARD[event.key]];
    if (!next || event.target.closest?.(HELD)) return undefined;
    event.preventDefault();
    return go(next);
  });
}
