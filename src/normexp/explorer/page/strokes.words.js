// The words of the switch below a picture that fingers can draw in.

export const words = {
  en: {
    by_finger: "Draw with a finger",
    a_tap: "While off, a swipe scrolls the page; a tap still draws.",
  },
  zh: {
    by_finger: "用手指绘制",
    a_tap: "关闭时，滑动会滚动页面，点按仍可绘制。",
  },
};
