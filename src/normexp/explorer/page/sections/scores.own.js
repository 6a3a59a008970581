// Where the reader types scores and names of classes.

import { change, h } from "dom";
import { setting } from "format";
import * as row from "row";
import { readNumber } from "state";

export function ownScores({ state, set, t }) {
  let typing = false; // what stands in the field is not yet taken
  const input = h("input", {
    ...{ type: "text", inputmode: "text", autocomplete: "off", spellcheck: "false", "aria-describedby": "typed-wrong" },
    oninput: () => (typing = true),
    onchange: take,
    // While it is typed in, the field's own undoing is meant.
    onkeydown: (event) => typing && event.stopPropagation(),
  });
  const wrong = h("p", { id: "typed-wrong", class: "note", role: "alert" });
  function take() {
    const parts = input.value.normalize("NFKC").replace(/−/g, "-").split(/[\s,;、]+/).filter(Boolean); // １，２ as 1,2
    const odd = parts.find((part) => !(Math.abs(readNumber(part)) <= row.FARTHEST));
    const z = odd === undefined ? row.fields.z.read(parts.join(",")) : undefined;
    refuse(z ? "" : odd === undefined ? t("typed_count", { n: parts.length }) : t("typed_wrong", { odd: odd.slice(0, 20) }));
    if (!z) return;
    typing = false;
    set({ z });
    input.value = written(z);
  }
  function refuse(why) {
    wrong.textContent = why;
    change(input, { "aria-invalid": why ? "true" : undefined });
  }
  const written = (z) => z.slice(0, 20).map(setting).join(", ") + (z.length > 20 ? ", …" : "");
  return {
    node: h("div", {}, h("label", { class: "control" }, h("span", { text: t("typed") }), input), wrong),
    draw() {
      if (typing && document.activeElement === input) return;
      typing = false;
      input.value = written(state.z);
      refuse("");
    },
  };
}

export function ownNames({ state, set, t }) {
  const input = h("input", {
    ...{ type: "text", autocomplete: "off", spellcheck: "false", placeholder: t("named_hint") },
    onchange: () => set({ names: row.fields.names.read(input.value.replace(/[，、;；]/g, ",")) }),
    onkeydown: (event) => document.activeElement === input && event.stopPropagation(),
  });
  return {
    node: h("label", { class: "control" }, h("span", { text: t("named") }), input),
    draw() {
      if (document.activeElement !== input) input.value = state.names.join(", ");
    },
  };
}
