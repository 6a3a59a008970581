// The words of section 1.

export const words = {
  en: {
    name: "Probabilities",
    title: "From scores to probabilities",
    text: `A classifier ends in a row of <em>scores</em>, one for each class; any numbers will do. Softmax makes
      probabilities of them: raise <i>e</i> to every score, then divide by the sum. The exponential is never
      negative, it keeps the order, and it turns a <em>difference</em> of scores into a <em>ratio</em> of
      probabilities: one point more is <i>e</i> ≈ 2.72 times as probable. So adding the same number to all scores
      changes nothing, and one may as well subtract the largest first. It is more than a nicety: shift everything
      by 100, and the formula as it is first written down breaks in float32. The <em>temperature</em> divides the
      scores: when it is low the winner takes all, when it is high all become alike.`,
    scores: "Scores",
    scores_hint: "Drag a bar, or use the arrow keys.",
    scores_hint_many: "Draw over the bars. By key: left and right to choose one, up and down to move it.",
    probabilities: "Probabilities",
    scale: "The highest is {most}.",
    score_of: "Score of class {k}",
    curve: "The exponential",
    curve_label: "The curve of exp(x) with a point for each class. Its height, relative to the tallest: {points}",
    curve_point: "class {k} {height}",
    curve_many: "{n} classes, the largest at {m}",
    classes: "Classes",
    typed: "Your own scores",
    typed_wrong: "Expected 2 to 1000 numbers from −1000 to 1000, separated by commas or spaces.",
    temperature: "Temperature <i>T</i>",
    shift: "Shift all scores by",
    ratio: "Class {a} leads class {b} by {lead}: it is <i>e</i><sup>{lead}</sup> = {ratio} times as probable.",
    tie: "Classes {a} and {b} are level, so they are equally probable.",
    sigmoid: "With two classes softmax is the sigmoid of the difference: <i>p</i><sub>0</sub> = 1 / (1 + <i>e</i><sup>−({difference})</sup>) = {p}.",
    hard: "So cold, softmax is all but the hard maximum: 1 for the largest, 0 for the rest.",
    flat: "So hot, every class comes close to 1/{n}.",
    sides: "The same row in float32, computed in two ways",
    naive: "As first written down",
    stable: "The largest subtracted first",
    class_k: "class {k}",
    sum: "sum",
    broken_over: "e<sup>{largest}</sup> is more than float32 can hold (3.4×10³⁸, reached at e<sup>88.7</sup>): it becomes ∞, and ∞/∞ is not a number.",
    broken_under: "Every e<sup>x</sup> is less than float32 can hold: all become 0, and 0/0 is not a number.",
    broken_part: "Some e<sup>x</sup> left the range of float32, and their probabilities are wrong.",
    sound: "Both agree here. Now shift all scores by 100.",
    largest: "The {shown} largest of {n} classes are shown; the sums are over all.",
  },
  zh: {
    name: "概率",
    title: "从得分到概率",
    text: `分类器最后给出一行<em>得分</em>，每个类别一个，可以是任意实数。softmax 把它们变成概率：先对每个得分取
      以 <i>e</i> 为底的指数，再除以总和。指数恒为正，保持大小顺序，并把得分之<em>差</em>变成概率之<em>比</em>：
      高出 1 分，概率就是原来的 <i>e</i> ≈ 2.72 倍。因此给所有得分加上同一个数，结果不变，于是可以先减去最大值。
      这并非可有可无：把所有得分平移 100，直接照公式计算在 float32 下就会溢出。<em>温度</em>用来除得分：
      温度低时赢者通吃，温度高时各类趋于相同。`,
    scores: "得分",
    scores_hint: "拖动柱子，或使用方向键。",
    scores_hint_many: "在柱子上划过即可修改。键盘：左右键选择，上下键调整。",
    probabilities: "概率",
    scale: "最高的一个是 {most}。",
    score_of: "类别 {k} 的得分",
    curve: "指数函数",
    curve_label: "exp(x) 的曲线，每个类别对应一个点。相对于最高点的高度：{points}",
    curve_point: "类别 {k} {height}",
    curve_many: "{n} 个类别，最大值在 {m}",
    classes: "类别数",
    typed: "输入您的得分",
    typed_wrong: "请输入 2 到 1000 个数，范围 −1000 到 1000，用逗号或空格分隔。",
    temperature: "温度 <i>T</i>",
    shift: "所有得分平移",
    ratio: "类别 {a} 比类别 {b} 高 {lead}：概率是后者的 <i>e</i><sup>{lead}</sup> = {ratio} 倍。",
    tie: "类别 {a} 与类别 {b} 得分相同，概率也相同。",
    sigmoid: "只有两个类别时，softmax 就是得分差的 sigmoid 函数：<i>p</i><sub>0</sub> = 1 / (1 + <i>e</i><sup>−({difference})</sup>) = {p}。",
    hard: "温度这么低，softmax 几乎就是取最大值（hard max）：最大者为 1，其余为 0。",
    flat: "温度这么高，每个类别都接近 1/{n}。",
    sides: "同一行得分，在 float32 下用两种方式计算",
    naive: "直接照公式",
    stable: "先减去最大值",
    class_k: "类别 {k}",
    sum: "总和",
    broken_over: "e<sup>{largest}</sup> 超出了 float32 的上限（3.4×10³⁸，约为 e<sup>88.7</sup>），变成 ∞，而 ∞/∞ 不是数（NaN）。",
    broken_under: "每个 e<sup>x</sup> 都小于 float32 能表示的最小正数，全部变成 0，而 0/0 不是数（NaN）。",
    broken_part: "有些 e<sup>x</sup> 超出了 float32 的范围，相应的概率是错的。",
    sound: "此时两者一致。请把所有得分平移 100 再看。",
    largest: "只显示 {n} 个类别中最大的 {shown} 个，总和包括全部类别。",
  },
};
