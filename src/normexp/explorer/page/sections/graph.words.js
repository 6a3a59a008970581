// The words of this section: "name" stands in the list of sections, "title" above it, "text" beside it.

export const words = {
  en: {
    name: "Graph",
    title: "Graph",
    text: "",
  },
  zh: {
    name: "计算图",
    title: "计算图",
    text: "",
  },
};
