// The words of section 3.

export const words = {
  en: {
    name: "Working",
    title: "The working",
    text: `Here is all of it once more with your numbers, from the scores down to the gradient. Point at a number, tap it
      or move to it with the arrow keys, and lines show which numbers it was made of. Two steps deserve a second
      look. The loss is not computed as the logarithm of a probability: taken together, softmax and logarithm
      leave two terms that are never negative, so that nothing cancels and a tiny loss keeps all its digits. And the derivative
      has two cases, the target itself (<i>i</i> = <i>y</i>) and every other class (<i>i</i> ≠ <i>y</i>), in both of
      which <i>p</i><sub>y</sub> cancels: what remains is <i>p</i> − <i>y</i>.`,
    numbers: "The working. Arrow keys go from number to number, up to where one came from.",
    ask: "Point at a number to see what it was made of.",
    given: "{what} is given: you have set it.",
    made: "{what} is made of {of}.",
    and: " and ",
    comma: ", ",
    others: "the {n} others",
    step_z: "The scores, as you have set them.",
    shift: "Shift of all scores",
    temperature: "Temperature",
    score_of: "Score of {name}",
    class_k: "class {k}",
    step_x: "Shifted by {shift} and divided by the temperature {temperature}: what softmax sees.",
    step_m: "The largest. It will be subtracted, which changes no probability.",
    step_d: "How far each is behind the largest: never above 0, so the exponential cannot overflow.",
    step_e: "The exponential: 1 for the leader, less for the others.",
    step_rest: "The sum of the others, without the leader’s 1: kept apart so that it keeps its digits however small it is.",
    step_p: "Each one’s share of the whole. The shares sum to 1.",
    step_loss: "The negative logarithm of the target’s probability. Written out, the logarithm of a quotient becomes a sum of two terms, neither below 0.",
    step_slope: "How the target’s probability moves with each score: up with its own (<i>i</i> = <i>y</i>), down with any other (<i>i</i> ≠ <i>y</i>).",
    step_grad: "The chain rule multiplies by −1/<i>p</i><sub>y</sub>, and <i>p</i><sub>y</sub> cancels. For the target 1 − <i>p</i> is summed from the others, never subtracted.",
    step_grad_z: "With respect to the scores themselves: once more divided by the temperature.",
  },
  zh: {
    name: "推导",
    title: "逐步推导",
    text: `用你的数字把全过程再走一遍，从得分一直算到梯度。指向、点按或用方向键移到任一数字，连线就会显示它由哪些数得来。
      有两步值得细看。损失并不是先算概率再取对数：softmax 与对数合在一起，只剩两个非负项相加，没有相减抵消，
      再小的损失也保有全部有效数字。导数分两种情形：目标本身（<i>i</i> = <i>y</i>）与其他类别（<i>i</i> ≠ <i>y</i>），
      两种情形中 <i>p</i><sub>y</sub> 都会约去，最后只剩 <i>p</i> − <i>y</i>。`,
    numbers: "推导过程。方向键在数字之间移动，向上键回到它的来源。",
    ask: "指向一个数字，看它由什么得来。",
    given: "{what} 是你设定的。",
    made: "{what} 由 {of} 得来。",
    and: " 和 ",
    comma: "、",
    others: "其余 {n} 类",
    step_z: "你设定的得分。",
    shift: "所有得分的平移",
    temperature: "温度",
    score_of: "{name}的得分",
    class_k: "类别 {k}",
    step_x: "平移 {shift}，再除以温度 {temperature}：这是 softmax 看到的数。",
    step_m: "最大值。后面要减去它，而概率不会因此改变。",
    step_d: "各类与最大值之差：不会大于 0，所以 <i>e</i> 的幂不会溢出。",
    step_e: "<i>e</i> 的幂：领先者为 1，其余更小。",
    step_rest: "除领先者的 1 之外其余各项之和：单独保存，再小也不丢有效数字。",
    step_p: "各自所占的份额，总和为 1。",
    step_loss: "目标概率的负对数。商的对数展开后是两项之和，两项都不小于 0。",
    step_slope: "目标的概率如何随各得分变化：随自己的得分上升（<i>i</i> = <i>y</i>），随其他得分下降（<i>i</i> ≠ <i>y</i>）。",
    step_grad: "链式法则再乘以 −1/<i>p</i><sub>y</sub>，<i>p</i><sub>y</sub> 约去。目标处的 1 − <i>p</i> 由其他类别相加得到，从不做减法。",
    step_grad_z: "对原始得分的梯度：再除以一次温度。",
  },
};
