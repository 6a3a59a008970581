// The words of what a reader takes along.

export const words = {
  en: {
    copy: "Copy link",
    save: "Save picture",
    project: "Project",
    copied: "Copied.",
    not_copied: "Not allowed here: copy the address of the page.",
    saved: "Saved.",
  },
  zh: {
    copy: "复制链接",
    save: "保存图片",
    project: "投影",
    copied: "已复制。",
    not_copied: "此处不允许复制，请复制地址栏中的地址。",
    saved: "已保存。",
  },
};
