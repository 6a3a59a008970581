// The words of the house; each section brings its own. Words may hold markup.

export const words = {
  en: {
    title: "Softmax, explored",
    lead: `Everything on this page computes as you touch it. In a hurry? <a href="#at=digits">Draw a digit</a>, or <a href="#at=next">draw the next word</a>. Or begin with what softmax
      is: sections 1 to 3 share one row of scores; change it in section 1 or 2, and all three follow. A number with a dashed line below it
      can be dragged.`,
    contents: "Sections",
    language: "Language",
    theme: "Appearance",
    theme_system: "as the system",
    theme_light: "light",
    theme_dark: "dark",
    reset: "Start over",
    strip: "The scores at hand",
    strip_loss: "loss {loss}",
    strip_others: "and {n} others",
    class_k: "class {k}",
    score_of: "Score of {name}",
    project: "Project",
    projection: "Projection",
    onward: "Next section",
    backward: "Previous section",
    leave: "Leave (Esc)",
    whole: "The whole page, with what is set here",
    undoing: "Undo and redo",
    undo: "Undo",
    redo: "Redo",
    link: "The address of this page holds everything you have set: copy it to share what you see.",
    footer: "Computed in your browser, in the formulas of <b>normexp</b>, to which it is tested. Nothing leaves your machine.",
  },
  zh: {
    title: "玩转 softmax",
    lead: `本页的一切都随你的操作即时计算。想先玩一玩？<a href="#at=digits">写一个数字</a>，或者<a href="#at=next">抽下一个词</a>。也可以从 softmax 是什么开始：
      第 1 至 3 节共用同一行得分，在第 1 节或第 2 节改动，三节随之更新。带虚线下划线的数字可以左右拖动。`,
    contents: "目录",
    language: "语言",
    theme: "外观",
    theme_system: "跟随系统",
    theme_light: "浅色",
    theme_dark: "深色",
    reset: "恢复初始",
    strip: "手边的得分",
    strip_loss: "损失 {loss}",
    strip_others: "另有 {n} 个",
    class_k: "类别 {k}",
    score_of: "{name}的得分",
    project: "投影",
    projection: "投影",
    onward: "下一节",
    backward: "上一节",
    leave: "退出（Esc）",
    whole: "打开完整页面，保留这里的设置",
    undoing: "撤销与重做",
    undo: "撤销",
    redo: "重做",
    link: "你的所有设置都保存在本页地址中，复制链接即可分享当前画面。",
    footer: "全部在浏览器中计算，所用公式与 <b>normexp</b> 相同，并已对照测试。数据不会离开你的设备。",
  },
};

export const LANGUAGES = { en: "English", zh: "中文" };

// Sentences one after the other: Chinese has no space between them.
export const sentences = (said, language) => said.join(language === "zh" ? "" : " ");

// t(key, values): the words in a language, with {name} replaced. A key that is missing is a mistake of ours.
// The source breaks lines, where English has a space and Chinese has none; a word joiner keeps some words in one line.
const INSIDE = /(?<=损)(?=失)|(?<=处)(?=处)/g;
export const translator = (words, language) => (key, values = {}) => {
  const text = words[language][key];
  if (text === undefined) throw new Error(`no word for ${key} in ${language}`);
  const line = text.replace(/\s*\n\s*/g, language === "zh" ? "" : " ").replace(INSIDE, "\u2060");
  return line.replace(/\{(\w+)\}/g, (_, name) => values[name]);
};
