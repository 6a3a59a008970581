// The words of this section: "name" stands in the list of sections, "title" above it, "text" beside it.

export const words = {
  en: {
    name: "Train",
    title: "Train",
    text: "",
  },
  zh: {
    name: "训练",
    title: "训练",
    text: "",
  },
};
