"""Every kind of finding: how grave it is, and its sentences in each language."""

from __future__ import annotations

from typing import NamedTuple

SEVERITIES = ("error", "warning", "note")
LANGUAGES = ("en", "zh")


class Words(NamedTuple):
    """What it is, what happens, and what to do about it; the gaps are filled with facts."""

    title: str
    happens: str
    do: str


class Kind(NamedTuple):
    """An error: no arithmetic gives the row a finite loss that means something. A warning: ordinary
    arithmetic loses it, or the numbers are hardly what was meant. A note: good to know.
    """

    severity: str
    words: dict[str, Words]


KINDS = {
    "nan": Kind(
        "error",
        {
            "en": Words(
                "NaN in the input",
                "A row that holds NaN has the loss NaN and the gradient NaN, and through the mean "
                "it makes the loss of the whole batch NaN.",
                "Find the first layer whose output holds NaN: a division 0/0, inf − inf, the "
                "logarithm of a negative number, weights after a step that was too long.",
            ),
            "zh": Words(
                "输入中有 NaN",
                "含 NaN 的行，损失和梯度都是 NaN；取平均之后，整个批次的损失也是 NaN。",
                "找出最先输出 NaN 的那一层：0/0、inf − inf、对负数取对数，或者步长过大的一次更新。",
            ),
        },
    ),
    "plus-inf": Kind(
        "error",
        {
            "en": Words(
                "+inf among the logits",
                "exp(inf) / exp(inf) is not a number: probabilities, loss and gradient of the row "
                "are NaN.",
                "Something overflowed before softmax. Compute the last layer in a wider type than "
                "{dtype}, lower the learning rate, or clip the gradient.",
            ),
            "zh": Words(
                "logits 中有 +inf",
                "exp(inf) / exp(inf) 不是数：这一行的概率、损失和梯度都是 NaN。",
                "在 softmax 之前已经溢出。用比 {dtype} 更宽的类型计算最后一层，降低学习率，"
                "或者裁剪梯度。",
            ),
        },
    ),
    "all-minus-inf": Kind(
        "error",
        {
            "en": Words(
                "rows that are −inf throughout",
                "Where every class is impossible the probabilities are 0/0: the loss is NaN.",
                "Leave such rows out: pass the mask as where=, or give them the label of "
                "ignore_index.",
            ),
            "zh": Words(
                "整行都是 −inf",
                "所有类别都不可能时，概率是 0/0，损失是 NaN。",
                "把这些行排除在外：用 where= 传入掩码，或者把它们的标签设为 ignore_index。",
            ),
        },
    ),
    "one-class": Kind(
        "error",
        {
            "en": Words(
                "a softmax over one class",
                "The probability of an only class is 1 whatever its logit: the loss is 0 and "
                "nothing is ever learnt.",
                "Check the axis of the classes. For one logit that says yes or no, use "
                "BinaryCrossEntropy.",
            ),
            "zh": Words(
                "只有一个类别的 softmax",
                "唯一的类别，概率总是 1，与 logit 无关：损失恒为 0，什么也学不到。",
                "检查类别所在的轴。如果只有一个表示“是或否”的 logit，请用 BinaryCrossEntropy。",
            ),
        },
    ),
    "not-probabilities": Kind(
        "error",
        {
            "en": Words(
                "numbers that are no probabilities",
                "With from_logits=False the input has to lie between 0 and 1; the loss refuses "
                "these rows.",
                "If these are logits, leave from_logits at True.",
            ),
            "zh": Words(
                "输入不是概率",
                "from_logits=False 时，输入必须在 0 和 1 之间；损失函数会拒绝这些行。",
                "如果输入是 logits，请保留 from_logits=True。",
            ),
        },
    ),
    "label-too-large": Kind(
        "error",
        {
            "en": Words(
                "labels beyond the last class",
                "Class ids go from 0 to {last}, so these rows have no target. normexp refuses "
                "them; PyTorch on a GPU ends with a device-side assert.",
                "Compare the number of classes, {classes}, with the width of the last layer.",
            ),
            "zh": Words(
                "标签超出了最后一个类别",
                "类别编号从 0 到 {last}，这些行没有目标类别。normexp 会拒绝它们；"
                "PyTorch 在 GPU 上会以 device-side assert 报错退出。",
                "核对类别数 {classes} 与最后一层的宽度。",
            ),
        },
    ),
    "label-negative": Kind(
        "error",
        {
            "en": Words(
                "negative labels",
                "They are no class, nor are they ignore_index, which is {ignore_index}. An index "
                "of −1 in NumPy is silently the last class.",
                "If they mark rows to be left out, pass that number as ignore_index.",
            ),
            "zh": Words(
                "标签为负数",
                "它们不是任何类别，也不是 ignore_index（{ignore_index}）。在 NumPy 中，"
                "下标 −1 会悄悄地指向最后一个类别。",
                "如果它们表示要忽略的行，请把这个数作为 ignore_index 传入。",
            ),
        },
    ),
    "labels-from-one": Kind(
        "error",
        {
            "en": Words(
                "labels that count from 1",
                "They go from 1 to {classes}, and 0 does not occur: every row is taught the class "
                "after its own, and the last class is out of range.",
                "Subtract 1.",
            ),
            "zh": Words(
                "标签从 1 开始",
                "标签从 1 到 {classes}，没有 0：每一行学到的都是后一个类别，"
                "最后一个类别则超出范围。",
                "把标签减 1。",
            ),
        },
    ),
    "target-no-mass": Kind(
        "error",
        {
            "en": Words(
                "targets that are no probabilities",
                "A target as probabilities has to be finite and not negative; the loss refuses "
                "these rows.",
                "Look at what made them: smoothing, mixing, or logits in place of probabilities.",
            ),
            "zh": Words(
                "目标不是概率",
                "以概率给出的目标必须是有限的非负数；损失函数会拒绝这些行。",
                "检查目标的来源：标签平滑、样本混合，或者误把 logits 当成了概率。",
            ),
        },
    ),
    "yes-out-of-range": Kind(
        "error",
        {
            "en": Words(
                "targets outside 0 to 1",
                "The probability of yes lies between 0 and 1; the loss refuses these entries.",
                "Map labels such as −1 and 1 to 0 and 1; leave entries out with where=.",
            ),
            "zh": Words(
                "目标不在 0 和 1 之间",
                "“是”的概率在 0 和 1 之间；损失函数会拒绝这些元素。",
                "把 −1 和 1 这样的标签换成 0 和 1；要排除的元素用 where= 指出。",
            ),
        },
    ),
    "target-masked": Kind(
        "error",
        {
            "en": Words(
                "targets that the mask leaves out",
                "The target is a class that does not exist in its row and has the probability 0, "
                "which makes cross-entropy and hinges inf.",
                "Let the mask keep the class of the target, or leave these rows out by "
                "ignore_index.",
            ),
            "zh": Words(
                "目标类别被掩码排除",
                "目标类别在这一行中不存在，概率为 0，交叉熵和合页损失因此是 inf。",
                "让掩码保留目标类别，或者用 ignore_index 排除这些行。",
            ),
        },
    ),
    "target-at-minus-inf": Kind(
        "error",
        {
            "en": Words(
                "targets whose logit is −inf",
                "The probability of the target is 0 and −log 0 is inf; the mean of the batch is "
                "inf too.",
                "The mask that put −inf there excludes the right answer: correct it, or leave "
                "these rows out.",
            ),
            "zh": Words(
                "目标类别的 logit 是 −inf",
                "目标类别的概率为 0，而 −log 0 是 inf；整个批次的平均值也是 inf。",
                "填入 −inf 的掩码把正确答案排除了：改正掩码，或者排除这些行。",
            ),
        },
    ),
    "target-at-zero": Kind(
        "error",
        {
            "en": Words(
                "targets of the probability 0",
                "−log 0 is inf. Often the probability was not 0, but was rounded to it.",
                "Pass the logits, with from_logits=True: nothing is rounded away then.",
            ),
            "zh": Words(
                "目标类别的概率是 0",
                "−log 0 是 inf。概率往往本来不是 0，而是被舍入成了 0。",
                "传入 logits，并设 from_logits=True，就不会有舍入损失。",
            ),
        },
    ),
    "smoothing-at-minus-inf": Kind(
        "error",
        {
            "en": Words(
                "label smoothing over impossible classes",
                "label_smoothing={label_smoothing:g} gives a share of the target to every class, "
                "also to those at −inf, and −log 0 is inf.",
                "Pass the classes that exist as where=: smoothing then leaves the others out.",
            ),
            "zh": Words(
                "标签平滑分给了不可能的类别",
                "label_smoothing={label_smoothing:g} 把一部分目标概率分给每个类别，"
                "也分给了 logit 为 −inf 的类别，而 −log 0 是 inf。",
                "用 where= 指出存在的类别，标签平滑就会略过其余类别。",
            ),
        },
    ),
    "infinite": Kind(
        "error",
        {
            "en": Words(
                "losses that are inf",
                "The loss of these rows is inf, or larger than the type of the result can hold.",
                "The logits themselves are too large: lower the learning rate, clip the gradient, "
                "look for an inf that was meant to be a mask.",
            ),
            "zh": Words(
                "损失是 inf",
                "这些行的损失是 inf，或者超出了结果类型的范围。",
                "logits 本身太大：降低学习率，裁剪梯度，或者检查是否有本应作为掩码的 inf。",
            ),
        },
    ),
    "nothing-counts": Kind(
        "error",
        {
            "en": Words(
                "no row counts",
                "Every row is ignored or masked. The mean is 0/0: PyTorch returns NaN, normexp "
                "what empty= says, by default 0.",
                "Check how the batch was put together; skip a batch without targets.",
            ),
            "zh": Words(
                "没有任何一行参与计算",
                "每一行都被忽略或被掩码排除，平均值是 0/0：PyTorch 返回 NaN，"
                "normexp 返回 empty= 指定的值，默认是 0。",
                "检查批次是怎样组成的；没有目标的批次应当跳过。",
            ),
        },
    ),
    "exp-overflows": Kind(
        "warning",
        {
            "en": Words(
                "exp(z) overflows",
                "exp(z) is inf in {dtype}, and inf / inf is NaN: code that does not subtract the "
                "largest logit first returns NaN or inf.",
                "Call a softmax or cross-entropy that takes logits; do not write exp(z) / "
                "sum(exp(z)). Logits this large may also say that training diverges.",
            ),
            "zh": Words(
                "exp(z) 上溢",
                "在 {dtype} 中 exp(z) 是 inf，而 inf / inf 是 NaN："
                "不先减去最大值的代码会返回 NaN 或 inf。",
                "调用接受 logits 的 softmax 或交叉熵，不要自己写 exp(z) / sum(exp(z))。"
                "logits 这样大，也可能说明训练正在发散。",
            ),
        },
    ),
    "exp-underflows": Kind(
        "warning",
        {
            "en": Words(
                "exp(z) underflows",
                "In {dtype} the probability of a class that counts comes out as 0, or as 1, by "
                "exp(z) / Σ exp(z), and its logarithm then as inf, NaN or 0.",
                "Pass the logits to a loss that takes logits, not the logarithm of a softmax.",
            ),
            "zh": Words(
                "exp(z) 下溢",
                "在 {dtype} 中按 exp(z) / Σ exp(z) 计算，有贡献的类别的概率变成 0 或 1，"
                "其对数随之成为 inf、NaN 或 0。",
                "把 logits 传给接受 logits 的损失函数，不要对 softmax 的结果取对数。",
            ),
        },
    ),
    "sigmoid-rounds": Kind(
        "warning",
        {
            "en": Words(
                "the sigmoid rounds to 0 or 1",
                "In {dtype} σ(z) or 1 − σ(z) comes out as 0, and its logarithm as −inf.",
                "Pass the logits to BinaryCrossEntropy, not the output of a sigmoid.",
            ),
            "zh": Words(
                "sigmoid 舍入成 0 或 1",
                "在 {dtype} 中 σ(z) 或 1 − σ(z) 变成 0，其对数是 −inf。",
                "把 logits 传给 BinaryCrossEntropy，不要传 sigmoid 的输出。",
            ),
        },
    ),
    "sum-overflows": Kind(
        "warning",
        {
            "en": Words(
                "the sum of the exponentials overflows",
                "Each exp(z − max z) is at most 1, but all {classes} of them add up to more than "
                "{dtype} can hold: probabilities come out as 0, losses as inf.",
                "Add up in float32 or wider, as normexp does.",
            ),
            "zh": Words(
                "幂之和上溢",
                "每个 exp(z − max z) 不超过 1，但 {classes} 个加起来超出了 {dtype} 的范围："
                "概率变成 0，损失变成 inf。",
                "像 normexp 那样，用 float32 或更宽的类型求和。",
            ),
        },
    ),
    "ordinary-not-finite": Kind(
        "warning",
        {
            "en": Words(
                "ordinary code gives inf or NaN",
                "In {dtype} an intermediate result overflows, or 0 · inf appears where a class "
                "without target mass has a logit of −inf; the true loss is finite.",
                "Compute in a wider type, leave impossible classes out of the sum, or let normexp "
                "compute the loss.",
            ),
            "zh": Words(
                "普通代码得到 inf 或 NaN",
                "在 {dtype} 中，中间结果溢出，或者某个目标概率为 0 的类别 logit 为 −inf，于是"
                "出现 0 · inf；真实的损失是有限的。",
                "用更宽的类型计算，求和时略过不可能的类别，或者让 normexp 计算损失。",
            ),
        },
    ),
    "zero-loss": Kind(
        "warning",
        {
            "en": Words(
                "losses that ordinary arithmetic rounds to 0",
                "1 plus the other exponentials rounds to 1 in {dtype}, from a lead of about "
                "{lead:.0f} on: the loss comes out as exactly 0, and so does the gradient at the "
                "target. The row stops learning.",
                "Let normexp compute loss and gradient: it adds up what is beside the 1 on its "
                "own. A row this sure may not need to learn; a mean of exactly 0 should not be "
                "taken for perfection.",
            ),
            "zh": Words(
                "普通运算把损失舍入成 0",
                "在 {dtype} 中，领先约 {lead:.0f} 以上时，1 加上其余的幂，仍舍入成 1："
                "损失恰好是 0，目标类别的梯度也是 0，这一行不再学习。",
                "让 normexp 计算损失和梯度：它把 1 以外的部分单独求和。"
                "把握如此之大的行也许不需要再学；但恰好为 0 的平均损失不等于完美。",
            ),
        },
    ),
    "zero-gradient": Kind(
        "warning",
        {
            "en": Words(
                "gradients that ordinary arithmetic rounds to 0",
                "The difference that makes the gradient at the target cancels in {dtype}, though "
                "the true gradient is not 0.",
                "Let normexp compute the gradient: it does not subtract what could cancel.",
            ),
            "zh": Words(
                "普通运算把梯度舍入成 0",
                "在 {dtype} 中，目标类别的梯度由两个相近的数相减得到，结果抵消为 0，"
                "而真实的梯度不是 0。",
                "让 normexp 计算梯度：它不做会抵消的减法。",
            ),
        },
    ),
    "saturated": Kind(
        "warning",
        {
            "en": Words(
                "probabilities that round to 1",
                "In {dtype} the leading class has the probability 1 and log-probability 0: how "
                "sure the row is cannot be told any more (the losses here are those of the "
                "leading class).",
                "Keep the logits, and take log-probabilities and losses from them.",
            ),
            "zh": Words(
                "概率舍入成 1",
                "在 {dtype} 中，领先类别的概率是 1，对数概率是 0：这一行究竟有多大把握，"
                "已经看不出来（这里的损失是领先类别的损失）。",
                "保留 logits，由它们计算对数概率和损失。",
            ),
        },
    ),
    "rounded-to-one": Kind(
        "warning",
        {
            "en": Words(
                "probabilities of exactly 1",
                "The target has the probability 1 and the loss 0. What the logits had to say "
                "beyond that was rounded away before the loss saw it.",
                "Pass the logits, with from_logits=True.",
            ),
            "zh": Words(
                "概率恰好是 1",
                "目标类别的概率是 1，损失是 0。logits 中更细的信息，"
                "在进入损失函数之前就已经被舍入掉了。",
                "传入 logits，并设 from_logits=True。",
            ),
        },
    ),
    "sum-of-target": Kind(
        "warning",
        {
            "en": Words(
                "targets that do not add up to 1",
                "The sum of the target scales the loss and the gradient of its row; the least "
                "possible loss is not the entropy of the target any more.",
                "Divide each target by its sum, unless the scale is meant as a weight.",
            ),
            "zh": Words(
                "目标概率之和不是 1",
                "目标之和会缩放这一行的损失和梯度；损失的最小值也不再是目标的熵。",
                "把每个目标除以它的和，除非这个比例就是有意的权重。",
            ),
        },
    ),
    "sum-of-probabilities": Kind(
        "warning",
        {
            "en": Words(
                "probabilities that do not add up to 1",
                "The loss takes them as they are and does not normalise them: its values mean "
                "nothing.",
                "Check the axis that they were normalised on, or pass the logits.",
            ),
            "zh": Words(
                "概率之和不是 1",
                "损失函数按原样使用它们，不再归一化：得到的值没有意义。",
                "检查归一化时所用的轴，或者传入 logits。",
            ),
        },
    ),
    "probabilities-as-logits": Kind(
        "warning",
        {
            "en": Words(
                "logits that look like probabilities",
                "Every row lies between 0 and 1 and adds up to 1: softmax is applied twice. The "
                "loss cannot fall below {floor:.4g}, and gradients stay small.",
                "Remove the softmax from the model, or say from_logits=False.",
            ),
            "zh": Words(
                "logits 看起来是概率",
                "每一行都在 0 和 1 之间，且和为 1：softmax 被用了两次。损失不会低于 {floor:.4g}，"
                "梯度也一直很小。",
                "去掉模型中的 softmax，或者设 from_logits=False。",
            ),
        },
    ),
    "offset": Kind(
        "warning",
        {
            "en": Words(
                "a large offset that all classes share",
                "The offset changes no probability, but so far from 0 neighbouring {dtype} "
                "numbers are far apart: differences between classes were rounded before any loss "
                "saw them.",
                "Subtract the offset where the logits are computed, in a wider type; let z_loss "
                "keep them near 0.",
            ),
            "zh": Words(
                "所有类别都带有同一个很大的偏移",
                "偏移不改变任何概率，但离 0 这样远，相邻的 {dtype} 数相距很大："
                "类别之间的差在进入损失函数之前就已经被舍入。",
                "在计算 logits 的地方，用更宽的类型减去偏移；用 z_loss 使它们保持在 0 附近。",
            ),
        },
    ),
    "equal-rows": Kind(
        "warning",
        {
            "en": Words(
                "every row is the same",
                "The output does not depend on the input: the network is dead (ReLUs that are all "
                "0, weights of 0, an input that does not arrive), or has not been trained at all.",
                "Follow one sample through the layers to where it becomes equal to another.",
            ),
            "zh": Words(
                "每一行都相同",
                "输出与输入无关：网络已经失效（ReLU 全为 0、权重为 0、输入没有传到），"
                "或者还根本没有训练。",
                "让一个样本逐层通过网络，看它在哪里变得与别的样本相同。",
            ),
        },
    ),
    "sure-and-wrong": Kind(
        "note",
        {
            "en": Words(
                "sure of a wrong class",
                "The probability of a class other than the target is 1 but for rounding. These "
                "rows dominate the loss.",
                "Look at them: wrong labels, or a model that diverges.",
            ),
            "zh": Words(
                "对错误的类别十分确信",
                "目标以外的某个类别，概率舍入之后就是 1。这些行主导了损失。",
                "看一看这些行：标签有误，或者模型正在发散。",
            ),
        },
    ),
    "below-the-type": Kind(
        "note",
        {
            "en": Words(
                "losses smaller than any number of the result's type",
                "The true loss is not 0, but too small for the type that losses come back in: "
                "there 0 is the right answer.",
                "Nothing, or float64 logits to see it.",
            ),
            "zh": Words(
                "损失小于结果类型的最小正数",
                "真实的损失不是 0，但对返回损失所用的类型来说太小：在那里 0 就是正确答案。",
                "不必处理；想看到它，可以用 float64 的 logits。",
            ),
        },
    ),
    "log-probabilities": Kind(
        "note",
        {
            "en": Words(
                "logits that look like log-probabilities",
                "Every row has the logsumexp 0: log_softmax has been applied already. Softmax "
                "gives the same probabilities again, so this only costs time and a rounding.",
                "Pass the logits themselves.",
            ),
            "zh": Words(
                "logits 看起来是对数概率",
                "每一行的 logsumexp 都是 0：已经做过 log_softmax。softmax 会得到同样的概率，"
                "只是多花时间、多一次舍入。",
                "直接传入 logits。",
            ),
        },
    ),
    "chance": Kind(
        "note",
        {
            "en": Words(
                "no better than a guess",
                "The mean loss is about log {classes} = {guess:.4g}, that of equal probabilities: "
                "nothing has been learnt yet.",
                "Right for the first steps. Later: check that labels belong to their inputs, the "
                "learning rate, and that the gradient arrives.",
            ),
            "zh": Words(
                "与随机猜测相当",
                "平均损失约为 log {classes} = {guess:.4g}，即各类概率相等时的损失："
                "还什么都没有学到。",
                "训练刚开始时这是正常的。之后仍如此，就检查标签与输入是否对应、学习率，"
                "以及梯度是否传到。",
            ),
        },
    ),
    "worse-than-chance": Kind(
        "warning",
        {
            "en": Words(
                "worse than a guess",
                "The mean loss is {mean:.4g}; equal probabilities would have log {classes} = "
                "{guess:.4g}. The network is sure of classes that are wrong.",
                "Before training: the first weights are too large. Later: check that labels and "
                "logits are in the same order, rows and classes both, and that the training does "
                "not diverge.",
            ),
            "zh": Words(
                "不如随机猜测",
                "平均损失为 {mean:.4g}，而各类概率相等时只有 log {classes} = {guess:.4g}："
                "网络对错误的类别有把握。",
                "训练之前：初始权重过大。之后仍如此，就检查标签与 logits 的行序和类别顺序是否一致，"
                "以及训练是否发散。",
            ),
        },
    ),
    "margins-won": Kind(
        "note",
        {
            "en": Words(
                "every margin is won",
                "Each target leads by the margin: loss and gradient are 0, as a hinge means them "
                "to be.",
                "Nothing, or a larger margin or another loss if training should go on.",
            ),
            "zh": Words(
                "所有间隔都已满足",
                "每个目标类别都领先了足够的间隔：损失和梯度为 0，这正是合页损失的本意。",
                "不必处理；想继续训练，可以加大间隔或换一种损失。",
            ),
        },
    ),
    "masked-whole": Kind(
        "note",
        {
            "en": Words(
                "rows that the mask leaves without a class",
                "They are left out of the loss. Code that masks with −inf gives NaN for them.",
                "If that is meant (padding), all is well; else check the mask, True means: exists.",
            ),
            "zh": Words(
                "掩码没有给这些行留下任何类别",
                "它们不参与损失。用 −inf 做掩码的代码会得到 NaN。",
                "如果是有意的（填充），就没有问题；否则检查掩码，True 表示该类别存在。",
            ),
        },
    ),
    "ignored": Kind(
        "note",
        {
            "en": Words(
                "ignored rows",
                "Their label is ignore_index, {ignore_index}: they have no part in the loss.",
                "Nothing, if they are as many as you expect.",
            ),
            "zh": Words(
                "被忽略的行",
                "它们的标签是 ignore_index（{ignore_index}），不参与损失。",
                "如果数目与预期相符，不必处理。",
            ),
        },
    ),
}

# What the numbers of a finding are called; in English by their names.
NUMBERS_IN_CHINESE = {
    "first class": "首个类别",
    "number of NaN": "NaN 个数",
    "label": "标签",
    "target": "目标",
    "least target": "目标的最小值",
    "sum": "和",
    "offset": "偏移",
    "step": "相邻数的间距",
    "logsumexp": "logsumexp",
    "naive loss": "朴素计算的损失",
    "ordinary loss": "普通运算的损失",
    "ordinary gradient": "普通运算的梯度",
    "true loss": "真实损失",
    "loss in float32": "float32 中的损失",
    "true gradient": "真实梯度",
    "loss as logits": "作为 logits 的损失",
    "loss as probabilities": "作为概率的损失",
}
