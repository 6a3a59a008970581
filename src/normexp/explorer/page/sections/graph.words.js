// The words of this section.

export const words = {
  en: {
    name: "The graph",
    title: "The graph: forward, backward, update",
    text:
      "In a classifier the scores come from features: <i>z = Wx + b</i>. The picture shows every operation from there to the loss as a box. " +
      "Forward, each box computes its value from those before it. Backward, each learns how fast the loss grows with it: " +
      "what comes back along an edge is multiplied by the local derivative there, and what comes from several edges is added. " +
      "All detours through <i>p</i>, <i>s</i> and <i>e</i> end in the short <i>p − y</i> at the scores, where <i>y</i> is 1 for the target and 0 elsewhere. " +
      "Times the feature, that is the gradient of a weight. One step against it, and the loss is lower.",
    target: "Target",
    step: "Step",
    play: "Play",
    pause: "Pause",
    back: "One step back",
    forward: "One step on",
    rate: "Learning rate η",
    update_title: "The update",
    update: "Update the weights",
    update_10: "10 updates",
    undo: "First weights",
    curve_title: "The loss",
    updates: "updates",
    after: "After {n} updates the loss is {loss}.",
    class: "class",
    table_caption: "Each weight, and what the update takes from it",
    graph_label: "The computation graph; every box says its formula",
    step_0: "<b>Forward.</b> The features of one sample come in. Point at a box or a weight to see its formula with numbers.",
    step_1: "<b>z = Wx + b.</b> Each class adds up the features by its own weights, and its bias.",
    step_2: "<b>e = exp(z).</b> The exponential makes every score positive, and keeps their order.",
    step_3: "<b>s = Σ e.</b> Their sum: here the classes meet.",
    step_4: "<b>p = e / s.</b> Divided by the sum, they are probabilities. The thick frame is the target.",
    step_5: "<b>ℓ = −log p</b> of the target: the loss looks at one probability alone.",
    step_6: "<b>Backward.</b> ∂ℓ/∂p is −1/p for the target, and 0 for the others: the loss does not look at them.",
    step_7: "<b>∂ℓ/∂s = 1/s.</b> A larger sum lowers the target’s probability. Through the sum the others come in after all.",
    step_8: "<b>∂ℓ/∂e.</b> Two edges leave each e, to its p and to s; what comes back along them is added.",
    step_9: "<b>∂ℓ/∂z = p − y.</b> Times the derivative of exp, which is e itself, everything cancels but this.",
    step_10: "<b>∂ℓ/∂W = (p − y)·x<sup>T</sup></b>, and ∂ℓ/∂x goes on to a layer below. Now update the weights.",
  },
  zh: {
    name: "计算图",
    title: "计算图：前向、反向、更新",
    text:
      "分类器的得分由特征算出：<i>z = Wx + b</i>。图中每个方框是一步运算，从特征一直到损失。" +
      "前向时，每个方框由前面的值算出自己的值；反向时，每个方框得知损失随它变化的快慢：" +
      "沿边传回的量乘以该处的局部导数，多条边传回的量相加。" +
      "途经 <i>p</i>、<i>s</i>、<i>e</i> 绕了一圈，到得分处只剩简短的 <i>p − y</i>，其中 <i>y</i> 对目标类为 1，对其余类为 0。" +
      "再乘以特征，就是权重的梯度。沿梯度的反方向走一步，损失就下降。",
    target: "目标类",
    step: "步骤",
    play: "播放",
    pause: "暂停",
    back: "上一步",
    forward: "下一步",
    rate: "学习率 η",
    update_title: "更新",
    update: "更新权重",
    update_10: "更新 10 次",
    undo: "还原权重",
    curve_title: "损失",
    updates: "更新次数",
    after: "更新 {n} 次后，损失为 {loss}。",
    class: "类别",
    table_caption: "每个权重，以及更新时从中减去的量",
    graph_label: "计算图，每个方框都会给出自己的公式",
    step_0: "<b>前向。</b>输入一个样本的特征。指向方框或权重，即可看到代入数值的公式。",
    step_1: "<b>z = Wx + b。</b>每个类别用自己的权重对特征加权求和，再加上偏置。",
    step_2: "<b>e = exp(z)。</b>指数函数使每个得分变为正数，并保持大小顺序。",
    step_3: "<b>s = Σ e。</b>求和：各个类别在这里相遇。",
    step_4: "<b>p = e / s。</b>除以总和便得到概率。粗框是目标类。",
    step_5: "<b>ℓ = −log p</b>，p 取目标类的概率：损失只看这一个概率。",
    step_6: "<b>反向。</b>∂ℓ/∂p 对目标类为 −1/p，对其他类为 0：损失不看它们。",
    step_7: "<b>∂ℓ/∂s = 1/s。</b>总和变大，目标类的概率就变小。其他类别正是通过总和参与进来的。",
    step_8: "<b>∂ℓ/∂e。</b>每个 e 有两条出边，一条到自己的 p，一条到 s；沿两条边传回的量相加。",
    step_9: "<b>∂ℓ/∂z = p − y。</b>乘以 exp 的导数（即 e 本身）后，其余各项全部抵消，只剩这一项。",
    step_10: "<b>∂ℓ/∂W = (p − y)·x<sup>T</sup></b>，而 ∂ℓ/∂x 继续传给前一层。现在更新权重吧。",
  },
};
