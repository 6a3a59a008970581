// The words of this section: "name" stands in the list of sections, "title" above it, "text" beside it.

export const words = {
  en: {
    name: "Working",
    title: "Working",
    text: "",
  },
  zh: {
    name: "推导",
    title: "推导",
    text: "",
  },
};
