// The head of the page: language, theme, what it is about, and the way to each section.

import { buttons } from "controls";
import { h } from "dom";
import { LANGUAGES, translator } from "words";

/** `goOn(name)` leads to a section, `project(name)` shows it on a beamer; `spoken()` is the language of now. */
export function header({ state, set, t }, { sections, spoken, goOn, project, startOver }) {
  const link = (section, k) => h("a", { href: `#at=${section.name}`, html: `<span>${k + 1}</span> ${translator(section.words, spoken())("name")}` });
  // Leaves what is set as it is, which a link from elsewhere does not.
  const follow = (event) => {
    const at = event.target.closest("a")?.hash.replace("#at=", "");
    if (!sections.some(({ name }) => name === at)) return;
    event.preventDefault();
    goOn(at);
  };
  const pick = (key, options, pressed) =>
    buttons({ name: key, label: t(key), options: Object.entries(options), pressed, press: (value) => set({ [key]: value }) });
  const themes = { "": t("theme_system"), light: t("theme_light"), dark: t("theme_dark") };
  const language = pick("language", LANGUAGES, spoken);
  const theme = pick("theme", themes, () => state.theme);
  const projecting = h("button", { type: "button", text: t("project"), onclick: () => project(state.at || sections[0].name) });
  const reset = h("button", { id: "start-over", type: "button", text: t("reset"), onclick: startOver });
  const node = h(
    "header",
    { onclick: follow },
    h("div", { class: "settings" }, language.node, theme.node, projecting, reset),
    h("h1", { text: t("title") }),
    h("p", { class: "lead", html: t("lead") }),
    h("nav", { "aria-label": t("contents") }, ...sections.map(link)),
  );
  const draw = () => [language, theme].forEach((choices) => choices.draw());
  return { node, draw };
}
