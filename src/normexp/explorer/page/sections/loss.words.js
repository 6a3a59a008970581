// The words of this section: "name" stands in the list of sections, "title" above it, "text" beside it.

export const words = {
  en: {
    name: "Loss",
    title: "Loss",
    text: "",
  },
  zh: {
    name: "损失",
    title: "损失",
    text: "",
  },
};
