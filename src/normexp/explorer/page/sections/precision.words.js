// The words of this section: "name" stands in the list of sections, "title" above it, "text" beside it.

export const words = {
  en: {
    name: "Precision",
    title: "Precision",
    text: "",
  },
  zh: {
    name: "精度",
    title: "精度",
    text: "",
  },
};
