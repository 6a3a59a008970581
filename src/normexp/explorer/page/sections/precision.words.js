// The words of this section.

export const words = {
  en: {
    name: "Precision",
    title: "Precision: where a confident row is lost",
    question: "A sample is right with a lead of 18. Its loss in float32, computed as usual, is",
    answer_0: "0.00000002",
    answer_1: "0",
    answer_2: "NaN",
    why: "1 plus so little is 1 again, and its logarithm is 0. The other formula gives 2×10<sup>−8</sup>, which is right.",
    text:
      "The better a sample is classified, the smaller its loss; but it is never 0. In the ordinary computation it becomes 0 all the same: " +
      "the target’s <i>exp(z − m)</i> is 1, the others’ are small, and 1 plus something small is rounded back to 1. " +
      "Its logarithm is 0, and so is <i>p − 1</i>: the row is called perfect and stops learning. " +
      "Nothing was wrong with the small numbers, only with adding them to 1. So add them up without it: " +
      "<i>log1p(rest)</i> is the logarithm of 1 + rest, and <i>p − 1</i> is <i>−rest / (1 + rest)</i>. Move the lead, and watch where the bits go.",
    lead: "Lead of the target",
    format: "Format",
    sum_title: "The sum s = e₀ + e₁ + e₂, place by place",
    sum_label: "The bits that are added in {format}. {words}",
    cut: "falls off",
    whole: "{name} = {value} is kept whole.",
    partly: "{name} = {value} begins at {first}: {lost} of its {all} bits lie behind {cut}, the last place of the sum. The sum grows by {gain} instead.",
    gone: "{name} = {value} begins at {first}, behind {cut}, the last place of the sum. The sum grows by {gain} instead.",
    underflow: "{name} is too small for this format, and already 0.",
    ordinary: "As it is usually computed",
    lossless: "Without adding to 1 first",
    true_value: "true: {value}",
    bits_note: "Bits: sign, exponent, fraction. <mark>Marked</mark> bits differ from those of the true value, rounded to the format; a few at the very end are ordinary rounding.",
    overview: "The loss in three formats",
    overview_caption: "Bits: sign + exponent + fraction",
    overview_note:
      "Where float16 gives 0 in the second column too, the value is below the smallest number it has, 6×10⁻⁸: " +
      "then the format itself is at its end, no longer the formula.",
    ordinary_short: "usual",
    true_short: "true",
    curve_title: "The usual loss as the lead grows",
    curve_label: "The loss against the lead. It becomes 0 from a lead of {float16} in float16, {bfloat16} in bfloat16, {float32} in float32; the true loss never does.",
    lead_axis: "lead of the target",
  },
  zh: {
    name: "精度",
    title: "精度：有把握的样本在哪里丢失",
    question: "一个样本分对了，领先 18。按通常的方法在 float32 下计算，损失是",
    answer_0: "0.00000002",
    answer_1: "0",
    answer_2: "NaN",
    why: "1 加上这么小的数，舍入后还是 1，对数就是 0。另一个公式给出 2×10<sup>−8</sup>，这才是对的。",
    text:
      "样本分类得越好，损失越小，但永远不等于 0。按通常的算法它却会变成 0：" +
      "目标类的 <i>exp(z − m)</i> 是 1，其余的都很小，而 1 加上很小的数又被舍入为 1。" +
      "它的对数是 0，<i>p − 1</i> 也是 0：这一行被当作完美，不再学习。" +
      "那些很小的数本身没有问题，问题在于把它们与 1 相加。所以先不与 1 相加，只把它们彼此相加：" +
      "<i>log1p(rest)</i> 就是 1 + rest 的对数，<i>p − 1</i> 就是 <i>−rest / (1 + rest)</i>。移动领先量，看看各个二进制位去了哪里。",
    lead: "目标类的领先量",
    format: "格式",
    sum_title: "逐位求和 s = e₀ + e₁ + e₂",
    sum_label: "{format} 中相加的二进制位。{words}",
    cut: "被舍去",
    whole: "{name} = {value} 完整保留。",
    partly: "{name} = {value} 从 {first} 位开始：它的 {all} 位中有 {lost} 位排在和的末位 {cut} 之后。和实际只增加了 {gain}。",
    gone: "{name} = {value} 从 {first} 位开始，已在和的末位 {cut} 之后。和实际只增加了 {gain}。",
    underflow: "{name} 小到该格式无法表示，已经是 0。",
    ordinary: "通常的算法",
    lossless: "先不与 1 相加",
    true_value: "真值：{value}",
    bits_note: "各位依次为符号、指数、尾数。<mark>标出</mark>的位与舍入到该格式的真值不同；只在最末几位不同，属于正常的舍入误差。",
    overview: "三种格式下的损失",
    overview_caption: "位数：符号 + 指数 + 尾数",
    overview_note: "若 float16 在第二列也为 0，说明该值小于它能表示的最小数 6×10⁻⁸：这时到头的是格式本身，而不是公式。",
    ordinary_short: "通常",
    true_short: "真值",
    curve_title: "通常算法的损失随领先量的变化",
    curve_label: "损失与领先量的关系。领先量达到 {float16}（float16）、{bfloat16}（bfloat16）、{float32}（float32）时损失变为 0；真实的损失从不为 0。",
    lead_axis: "目标类的领先量",
  },
};
