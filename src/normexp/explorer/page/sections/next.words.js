// The words of this section.

export const words = {
  en: {
    name: "Next word",
    title: "The next word: a score for each, and a draw",
    question: "One word was counted half as often as another. At temperature 0.1 it comes",
    answer_0: "half as often.",
    answer_1: "a fifth as often.",
    answer_2: "once for a thousand of the other.",
    why: "The ratio of probabilities is (1/2)<sup>1/0.1</sup> = 1/1024.",
    text: `A language model writes like this: it gives every word that might come next a score, softmax makes probabilities of the
      scores, one word is drawn at random, and so on with the next. Here are twelve candidates. The <em>temperature</em> divides
      the scores: low, and the same word comes every time; high, and anything may. <em>Top-k</em> keeps the k best,
      <em>top-p</em> the fewest that together reach the probability p; the others are set to −∞, and softmax shares out
      what they had. Draw some words, and compare what comes up with what is expected. This model is the smallest there is: it looks
      at the last word alone, and its scores are logarithms of counts. So it has never heard of soup: watch what it makes of it.`,
    sentence: "Sentence",
    temperature: "Temperature <i>T</i>",
    top_k: "Top-k",
    top_p: "Top-p",
    draw: "Draw {n}",
    again: "Clear, and draw others",
    restore: "The counts as they were found",
    count_of: "Count of {word}",
    table: "The candidates",
    word: "Word",
    count: "Counted",
    score: "Score <i>z</i> = log",
    probability: "Probability",
    expected: "Expected",
    drawn: "Drawn",
    out: "out",
    counts: "At <i>T</i> = 1, softmax undoes the logarithm: the probabilities are the shares of the counts.",
    between: "“{first}” was counted {was} times as often as “{second}”; at this temperature it is {was}<sup>{power}</sup> = {is} times as probable.",
    left: "{kept} of {all} candidates are left.",
    off: "“{word}” is farthest from what was expected: {drawn} instead of {expected}. That chance makes such a number differ by some {spread} is usual.",
    certain: "Nothing but “{word}” can come.",
    to_scores: "Take the first {n} to section 1",
    source: `No large language model fits on a page that needs no network. English: how often the word followed the last one of the
      sentence on web pages, from the dictionary of word pairs of SymSpell (W. Garbe, MIT licence). Chinese: how often each word of two
      characters is counted in the dictionary of jieba (J. Sun, MIT licence). The twelve were chosen by hand from many more.`,
  },
  zh: {
    name: "下一个词",
    title: "下一个词：各有得分，再抽一个",
    question: "一个词的频次是另一个的一半。温度为 0.1 时，它出现的次数是",
    answer_0: "另一个的一半",
    answer_1: "另一个的五分之一",
    answer_2: "另一个的千分之一",
    why: "概率之比为 (1/2)<sup>1/0.1</sup> = 1/1024。",
    text: `语言模型就是这样写作的：给每个可能的下一个词打分，softmax 把得分变成概率，随机抽出一个词，再继续下一个。这里有十二个候选。
      <em>温度</em>去除得分：温度低，每次都是同一个词；温度高，什么都可能出现。<em>top-k</em> 保留最好的 k 个，<em>top-p</em>
      保留概率之和达到 p 的最少几个；其余的设为 −∞，它们的概率由 softmax 分给留下的。抽几个词，看看实际结果和期望是否相符。
      这个模型小得不能再小：只看最后一个字（词），得分是频次的对数。所以它不知道前面说的是天气还是水果：看看它会写出什么。`,
    sentence: "句子",
    temperature: "温度 <i>T</i>",
    top_k: "top-k",
    top_p: "top-p",
    draw: "抽 {n} 次",
    again: "清零，另抽一批",
    restore: "恢复原来的频次",
    count_of: "“{word}”的频次",
    table: "候选",
    word: "候选",
    count: "频次",
    score: "得分 <i>z</i> = log",
    probability: "概率",
    expected: "期望",
    drawn: "抽到",
    out: "排除",
    counts: "<i>T</i> = 1 时，softmax 正好抵消对数：概率就是频次所占的份额。",
    between: "“{first}”的频次是“{second}”的 {was} 倍；在这个温度下，概率是后者的 {was}<sup>{power}</sup> = {is} 倍。",
    left: "{all} 个候选中留下 {kept} 个。",
    off: "“{word}”与期望相差最多：抽到 {drawn} 次，期望 {expected} 次。这样的次数随机波动 {spread} 左右是正常的。",
    certain: "只可能出现“{word}”。",
    to_scores: "把前 {n} 个带到第 1 节",
    source: `不联网的网页里放不下大语言模型。英语：该词在网页上跟在句末那个词之后的次数，取自 SymSpell 的词对词典（W. Garbe，MIT 许可证）。
      中文：jieba 词典中各个双字词的频次（J. Sun，MIT 许可证）。十二个候选是从更多的词里挑出来的。`,
  },
};
