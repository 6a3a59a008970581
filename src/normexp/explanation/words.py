"""What is said about each step and around it, in English and Chinese: this is the one catalogue."""

from __future__ import annotations

from typing import NamedTuple

LANGUAGES = ("en", "zh")


class Words(NamedTuple):
    """A title and a sentence of why, with what they mention in braces."""

    title: str
    why: str


STEPS: dict[str, dict[str, Words]] = {
    # from features to scores
    "linear": {
        "en": Words(
            "Scores from features",
            "Each class has a row of weights; its score is their sum over the features, "
            "and its bias.",
        ),
        "zh": Words("由特征得到得分", "每个类别有一行权重，它的得分是特征的加权和再加上偏置。"),
    },
    # from scores to probabilities
    "mask": {
        "en": Words(
            "The mask",
            "These classes do not exist for this sample, and count as −∞: {classes}.",
        ),
        "zh": Words("掩码", "对这个样本来说，这些类别不存在，按 −∞ 计：{classes}。"),
    },
    "softcap": {
        "en": Words(
            "The soft cap",
            "Scores far from 0 are bent towards ±c, so that none can grow without bound.",
        ),
        "zh": Words("软截断", "远离 0 的得分被平滑地压向 ±c，不会无限增长。"),
    },
    "temperature": {
        "en": Words(
            "The temperature",
            "Dividing by more than 1 brings the scores together and evens the probabilities out; "
            "by less than 1 it sharpens them.",
        ),
        "zh": Words(
            "温度", "除以大于 1 的温度会拉近得分，使概率更平均；除以小于 1 的温度则使概率更尖锐。"
        ),
    },
    "maximum": {
        "en": Words(
            "The maximum",
            "Class {top} leads. Subtracting the same number from every score changes no "
            "probability, since numerator and denominator shrink by the same factor; subtracting "
            "the largest one keeps every exponential at 1 or below, so that none overflows.",
        ),
        "zh": Words(
            "最大值",
            "类别 {top} 领先。所有得分减去同一个数，分子和分母缩小同样的倍数，概率不变；"
            "减去最大值后每个幂都不超过 1，不会上溢。",
        ),
    },
    "exponentials": {
        "en": Words(
            "The exponentials",
            "The exponential makes every score positive, keeps their order, and turns a difference "
            "of scores into a ratio.",
        ),
        "zh": Words("e 的幂", "指数函数使每个得分变为正数，保持大小次序，并把得分之差变为比值。"),
    },
    "rest": {
        "en": Words(
            "The rest",
            "What all classes but the leading one (class {top}) add up to. Summed without the 1 of "
            "the leader it keeps its digits, however small it is.",
        ),
        "zh": Words(
            "余和",
            "除领先的类别 {top} 之外，其他类别的幂之和。不与领先者的 1 相加，"
            "它再小也不会丢失有效数字。",
        ),
    },
    "sum": {
        "en": Words("The sum", "The leader's exponential is exactly 1."),
        "zh": Words("总和", "领先类别的幂恰好是 1。"),
    },
    "probabilities": {
        "en": Words(
            "The probabilities",
            "Each class gets its share of the sum: none is negative, and together they are 1.",
        ),
        "zh": Words("概率", "每个类别得到它在总和中的份额：非负，且加起来等于 1。"),
    },
    "two_classes": {
        "en": Words(
            "Two classes are a sigmoid",
            "With two classes only the difference of the scores counts: softmax is the sigmoid "
            "of it.",
        ),
        "zh": Words(
            "两个类别就是 sigmoid",
            "只有两个类别时，只有得分之差起作用：softmax 就是这个差的 sigmoid。",
        ),
    },
    "logsumexp": {
        "en": Words(
            "The logarithm of the sum",
            "A smooth maximum of the scores. log1p takes the rest as it is; adding 1 to it first "
            "would round it away where it is small.",
        ),
        "zh": Words(
            "和的对数",
            "它是得分的光滑最大值。log1p 直接作用于余和；如果先与 1 相加，很小的值就会被舍入掉。",
        ),
    },
    # cross-entropy
    "mass": {
        "en": Words(
            "The target",
            "What the loss asks of each class, with label smoothing and class weights in it.",
        ),
        "zh": Words("目标分布", "损失对每个类别的要求，已计入标签平滑和类别权重。"),
    },
    "surprise": {
        "en": Words(
            "The surprise of each class",
            "−log p, in nats: 0 for a class that is certain, the larger the less likely it is. "
            "Both terms are 0 or more, so that nothing cancels.",
        ),
        "zh": Words(
            "每个类别的惊异度",
            "即 −log p，单位为奈特：必然的类别为 0，越不可能则越大。两项都不小于 0，不会相互抵消。",
        ),
    },
    "negative_log_likelihood": {
        "en": Words(
            "The loss",
            "Cross-entropy with a single right class is −log of its probability: how far its "
            "score is behind the maximum, and what the rest adds. Both terms are 0 or more, so "
            "that nothing cancels; the logarithm of the rounded probability would be 0 for a "
            "sample that is right by far.",
        ),
        "zh": Words(
            "损失",
            "只有一个正确类别时，交叉熵就是该类别概率的负对数：它的得分落后最大值多少，"
            "再加上其余类别的贡献。两项都不小于 0，不会相互抵消；如果先把概率舍入再取对数，"
            "遥遥领先的样本的损失就会变成 0。",
        ),
    },
    "cross_entropy": {
        "en": Words(
            "The loss",
            "Cross-entropy: the surprise of every class, counted by the target. Classes without "
            "a target add nothing.",
        ),
        "zh": Words("损失", "交叉熵：按目标分布对各类别的惊异度加权求和。目标为零的类别没有贡献。"),
    },
    "log_loss": {
        "en": Words(
            "The loss",
            "The probabilities are taken as given. A probability that was rounded on its way here "
            "has lost digits that no logarithm brings back; logits keep them.",
        ),
        "zh": Words(
            "损失",
            "概率按给定的值使用。如果概率此前已被舍入，丢失的有效数字取对数也找不回来；"
            "直接传入 logits 则不会丢失。",
        ),
    },
    "slope_of_log": {
        "en": Words(
            "The derivative with respect to a probability",
            "The derivative of log p is 1/p: the less likely the target, the harder the pull.",
        ),
        "zh": Words("对概率的导数", "log p 的导数是 1/p：目标类别的概率越小，拉力越大。"),
    },
    "total_mass": {
        "en": Words("The mass of the target", "What all classes are asked for together."),
        "zh": Words("目标总量", "对所有类别的要求之和。"),
    },
    "quotient_same": {
        "en": Words(
            "Softmax with respect to its own score (i = j)",
            "The quotient rule: the score of class i stands above the line and below it.",
        ),
        "zh": Words(
            "对自身得分求导（i = j）", "商的求导法则：类别 i 的得分同时出现在分子和分母中。"
        ),
    },
    "quotient_other": {
        "en": Words(
            "Softmax with respect to another score (i ≠ j)",
            "The score of class j stands below the line alone: when it grows, class i loses.",
        ),
        "zh": Words(
            "对其他得分求导（i ≠ j）", "类别 j 的得分只出现在分母中：它变大，类别 i 的概率就变小。"
        ),
    },
    "collapse": {
        "en": Words(
            "The gradient",
            "The chain rule sums over every probability that the score moves. Each 1/p meets a p "
            "and cancels, and what is left is the probability less the target. The gradient of a "
            "sample sums to 0.",
        ),
        "zh": Words(
            "梯度",
            "链式法则对该得分影响的所有概率求和。每个 1/p 都与一个 p 约去，"
            "剩下的就是概率减去目标。一个样本的梯度之和为 0。",
        ),
    },
    "others": {
        "en": Words(
            "The target's gradient without a loss of digits",
            "p − 1 is 0 once p has been rounded to 1. The other probabilities sum to the same "
            "and keep their digits, so that a sample that is right by far still has a gradient.",
        ),
        "zh": Words(
            "不丢失有效数字的目标梯度",
            "概率被舍入成 1 之后，p − 1 就是 0。其他类别的概率之和与它相等且保留有效数字，"
            "所以遥遥领先的样本仍有梯度。",
        ),
    },
    "drift": {
        "en": Words(
            "The pull of the z-loss",
            "The square of logsumexp pulls all scores towards a logsumexp of 0, in the proportion "
            "of their probabilities.",
        ),
        "zh": Words(
            "z-loss 的拉力", "logsumexp 的平方按概率的比例把所有得分拉向使 logsumexp 为 0 的位置。"
        ),
    },
    "through_temperature": {
        "en": Words("Through the temperature", "A score was divided by T, and so is its gradient."),
        "zh": Words("经过温度", "得分除以了 T，梯度也要除以 T。"),
    },
    "through_softcap": {
        "en": Words(
            "Through the soft cap",
            "The derivative of tanh is 1/cosh²: a score that is bent hard moves little.",
        ),
        "zh": Words("经过软截断", "tanh 的导数是 1/cosh²：被压得越狠的得分，动得越少。"),
    },
    # hinges
    "violations": {
        "en": Words(
            "The violations",
            "The target has to lead every rival by the margin; what is missing is a violation. "
            "Beyond the margin nothing counts any more.",
        ),
        "zh": Words(
            "间隔违反量",
            "目标类别必须领先每个对手至少一个间隔，不足的部分就是违反量。超出间隔之后不再计较。",
        ),
    },
    "weston_watkins": {
        "en": Words("The loss", "Weston and Watkins add up what every rival violates."),
        "zh": Words("损失", "Weston–Watkins 形式：把所有对手的违反量相加。"),
    },
    "crammer_singer": {
        "en": Words("The loss", "Crammer and Singer count the strongest rival alone."),
        "zh": Words("损失", "Crammer–Singer 形式：只计最强的对手。"),
    },
    "every_rival": {
        "en": Words(
            "The gradient of the rivals",
            "Every rival inside the margin is pushed down, the others not at all; cross-entropy "
            "would go on pushing each of them.",
        ),
        "zh": Words(
            "对手的梯度",
            "间隔之内的对手都被往下推，其他的完全不动；而交叉熵会一直推动每一个类别。",
        ),
    },
    "strongest_rival": {
        "en": Words(
            "The gradient of the strongest rival",
            "It is pushed down while it is inside the margin; no other rival moves.",
        ),
        "zh": Words("最强对手的梯度", "只要它还在间隔之内就被往下推；其他对手都不动。"),
    },
    "target_pushed": {
        "en": Words("The gradient of the target", "It is pushed up by as much in all."),
        "zh": Words("目标的梯度", "目标被往上推，力度等于对手所受之和。"),
    },
    # squared error
    "distance": {
        "en": Words("The distances", "How far each output is from the target."),
        "zh": Words("差值", "每个输出与目标的差。"),
    },
    "squared_error": {
        "en": Words(
            "Squared error",
            "Scores are held to 0 and 1 themselves: being right by too much costs, too.",
        ),
        "zh": Words("平方误差", "直接要求得分等于 0 和 1：对得过头也要付出代价。"),
    },
    "brier": {
        "en": Words(
            "The Brier score",
            "Squared error of the probabilities. It is never more than 2, however wrong the "
            "sample is, unless class weights count it more.",
        ),
        "zh": Words("Brier 分数", "概率的平方误差。不计类别权重时，样本错得再离谱也不会超过 2。"),
    },
    "slope_of_square": {
        "en": Words("The gradient", "Twice the distance: the pull grows evenly with it."),
        "zh": Words("梯度", "差值的两倍：拉力随差值均匀增长。"),
    },
    "slope_of_distance": {
        "en": Words("The derivative with respect to a probability", "Twice the distance."),
        "zh": Words("对概率的导数", "差值的两倍。"),
    },
    "mean_distance": {
        "en": Words("The mean distance", "Each class counts as probable as it is."),
        "zh": Words("平均差值", "各类别按其概率计入。"),
    },
    "fade": {
        "en": Words(
            "The gradient",
            "The chain rule leaves a factor p: close to 0 or 1 the gradient fades, also for a "
            "sample that is wrong. In cross-entropy 1/p cancels it, which is why that trains "
            "faster.",
        ),
        "zh": Words(
            "梯度",
            "链式法则留下了因子 p：概率接近 0 或 1 时梯度消失，即使样本分错也是如此。"
            "交叉熵中的 1/p 恰好将它约去，因此训练更快。",
        ),
    },
    # binary cross-entropy
    "sigmoid": {
        "en": Words(
            "The probability of yes", "Softmax of the score against 0: every element by itself."
        ),
        "zh": Words("“是”的概率", "得分与 0 之间的 softmax：每个元素各自独立。"),
    },
    "smoothed": {
        "en": Words("The target", "Label smoothing moves yes and no towards the middle."),
        "zh": Words("目标", "标签平滑把“是”和“否”向中间移动。"),
    },
    "yes_or_no": {
        "en": Words(
            "The loss of each element",
            "softplus(x) = max(x, 0) + log1p(exp(−|x|)) is −log of a sigmoid: of yes as far as "
            "the target is yes, of no as far as it is no.",
        ),
        "zh": Words(
            "每个元素的损失",
            "softplus(x) = max(x, 0) + log1p(exp(−|x|))，即 sigmoid 的负对数："
            "目标为“是”的部分计“是”，为“否”的部分计“否”。",
        ),
    },
    "log_of_yes_or_no": {
        "en": Words(
            "The loss of each element",
            "The surprise of yes as far as the target is yes, of no as far as it is no.",
        ),
        "zh": Words(
            "每个元素的损失", "目标为“是”的部分计“是”的惊异度，为“否”的部分计“否”的惊异度。"
        ),
    },
    "pull_of_yes_and_no": {
        "en": Words(
            "The gradient of each element",
            "With a target of yes it is p − 1, written as −σ(−z), which does not cancel; with one "
            "of no it is p.",
        ),
        "zh": Words(
            "每个元素的梯度", "目标为“是”时梯度是 p − 1，写成 −σ(−z) 就不会抵消；目标为“否”时是 p。"
        ),
    },
    "slope_of_logs": {
        "en": Words("The gradient of each element", "The derivative of log p is 1/p."),
        "zh": Words("每个元素的梯度", "log p 的导数是 1/p。"),
    },
    # many losses become one
    "left_out": {
        "en": Words(
            "Left out",
            "This sample does not count: its label is ignore_index, its weight is 0, or the mask "
            "leaves it no class. Its gradient is exactly 0, whatever it holds.",
        ),
        "zh": Words(
            "不计入",
            "这个样本不计入损失：标签是 ignore_index，或权重为 0，或掩码没有留下任何类别。"
            "无论它的数值如何，梯度恰好为 0。",
        ),
    },
    "sum_of_losses": {
        "en": Words("The sum", "The losses of all samples that count."),
        "zh": Words("总和", "所有计入样本的损失之和。"),
    },
    "empty": {
        "en": Words(
            "Nothing to average", "No sample counts; the option empty decides what that gives."
        ),
        "zh": Words("没有可平均的样本", "没有计入的样本，结果由选项 empty 决定。"),
    },
    "mean_weight": {
        "en": Words(
            "The mean",
            "Divided by the weights of the samples that count; each weighs 1 if none is given.",
        ),
        "zh": Words("平均", "除以计入样本的权重之和；未指定权重时每个样本的权重为 1。"),
    },
    "mean_valid": {
        "en": Words("The mean", "Divided by the number of samples that count."),
        "zh": Words("平均", "除以计入样本的个数。"),
    },
    "mean_batch": {
        "en": Words("The mean", "Divided by the length of the first axis."),
        "zh": Words("平均", "除以第一个轴的长度。"),
    },
    "mean_full": {
        "en": Words("The mean", "Divided by the number of samples, counted or not."),
        "zh": Words("平均", "除以样本总数，不论是否计入。"),
    },
    "mean_number": {
        "en": Words("The mean", "Divided by the number that the option normalizer gives."),
        "zh": Words("平均", "除以选项 normalizer 给出的数。"),
    },
    "share": {
        "en": Words(
            "The gradient of the mean",
            "A sample has the share of its loss in the mean, and the same share of its gradient.",
        ),
        "zh": Words("平均的梯度", "样本的损失在平均中占多少份额，它的梯度就占多少份额。"),
    },
    "unchanged": {
        "en": Words(
            "The gradient of the whole", "Every sample keeps the gradient of its own loss."
        ),
        "zh": Words("总体的梯度", "每个样本保持自身损失的梯度。"),
    },
    # into the last layer
    "weight": {
        "en": Words(
            "The gradient of the weights",
            "A weight moves its class's score by its feature, so its gradient is the product of "
            "the two: an outer product, summed over the samples.",
        ),
        "zh": Words(
            "权重的梯度",
            "权重通过对应的特征影响所属类别的得分，所以它的梯度是两者之积："
            "即外积，再对所有样本求和。",
        ),
    },
    "bias": {
        "en": Words(
            "The gradient of the bias", "A bias moves its score one to one; samples add up."
        ),
        "zh": Words("偏置的梯度", "偏置一比一地影响得分；各样本相加。"),
    },
    "features": {
        "en": Words(
            "The gradient of the features",
            "A feature moves every score by its weight there. This is what goes on to the layer "
            "before.",
        ),
        "zh": Words("特征的梯度", "特征通过权重影响所有得分。这就是继续传给前一层的梯度。"),
    },
    "penalty": {
        "en": Words(
            "Regularisation",
            "The penalty grows with the square of the weights, so that a large weight has to be "
            "worth it.",
        ),
        "zh": Words("正则化", "惩罚项随权重的平方增长，大的权重必须物有所值。"),
    },
    "decay": {
        "en": Words("The gradient with the penalty", "Every weight is also pulled towards 0."),
        "zh": Words("含惩罚项的梯度", "每个权重还被拉向 0。"),
    },
}

PHRASES: dict[str, dict[str, str]] = {
    "of_softmax": {"en": "The working of softmax", "zh": "softmax 的推导"},
    "of_loss": {"en": "The working of {loss}", "zh": "{loss} 的推导"},
    "to_probabilities": {"en": "From scores to probabilities", "zh": "从得分到概率"},
    "to_loss": {"en": "From scores to the loss", "zh": "从得分到损失"},
    "to_mean": {"en": "From the losses to one", "zh": "从各个损失到总损失"},
    "to_scores": {"en": "Back to the scores: the gradient", "zh": "反向传播到得分：梯度"},
    "by_scores": {"en": "How the probabilities move with the scores", "zh": "概率如何随得分变化"},
    "to_weights": {"en": "Back into the last layer", "zh": "反向传播到最后一层"},
    "sample": {"en": "Sample {index}", "zh": "样本 {index}"},
    "more": {"en": "{count} more", "zh": "还有 {count} 个"},
    "class": {"en": "class", "zh": "类别"},
    "element": {"en": "element", "zh": "元素"},
    "of_samples": {"en": "sample", "zh": "样本"},
    "target": {"en": "the target", "zh": "目标类别"},
    "graph": {"en": "The computation graph", "zh": "计算图"},
    "graph_reads": {
        "en": "Forward values stand after →, gradients of the loss after ←.",
        "zh": "→ 之后是前向的值，← 之后是损失对它的梯度。",
    },
}


def words(name: str, language: str) -> Words:
    """The title of a step and why it is made."""
    return STEPS[name][language]


def phrase(name: str, language: str, **facts: object) -> str:
    """What stands around the steps."""
    return PHRASES[name][language].format(**facts)
