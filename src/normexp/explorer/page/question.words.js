// The words around the question of a section.

export const words = {
  en: { first: "Guess first.", yes: "Yes.", no: "Not quite.", show: "Show it" },
  zh: { first: "先猜一猜。", yes: "对。", no: "不完全对。", show: "在页面上看" },
};
