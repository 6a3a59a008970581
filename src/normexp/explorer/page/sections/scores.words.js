// The words of this section: "name" stands in the list of sections, "title" above it, "text" beside it.

export const words = {
  en: {
    name: "Scores",
    title: "Scores",
    text: "",
  },
  zh: {
    name: "得分",
    title: "得分",
    text: "",
  },
};
