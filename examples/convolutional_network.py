"""A small convolutional network on CIFAR-10, once with each loss: curves and filters side by side.

    python examples/convolutional_network.py                         # on a small file, a minute
    python examples/convolutional_network.py cifar-10-binary.tar.gz  # on the real thing

It takes the folder, one batch or the .tar.gz of https://www.cs.toronto.edu/~kriz/cifar.html (the
binary version); without one it writes real images in the same format, see `softmax_and_svm.py`.
The network is PyTorch's; its loss is normexp's, which takes tensors and is differentiated like any
function of theirs. Needs `pip install "normexp[cli,torch]"`.
"""

import argparse
import tempfile
from pathlib import Path

import matplotlib
import torch
from softmax_and_svm import read, write_small_file
from torch import nn

import normexp as nex

LOSSES = {
    "softmax": nex.CrossEntropy(),
    "SVM, all rivals": nex.MulticlassHinge(),
    "SVM, the strongest": nex.MulticlassHinge(variant="crammer-singer"),
    "squared error": nex.SquaredError(),
}
BATCH = 100


def network():
    """Two convolutions, each halved by pooling, and a linear layer: 10 scores for an image.

    The same start for every loss, so that what differs at the end is the loss's doing.
    """
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 16, 7, padding=3),  # (n, 16, 32, 32): filters large enough to look at
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),  # (n, 32, 16, 16)
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 8 * 8, 10),
    )


def as_tensors(part):
    """Images as (n, 3, 32, 32), from rows of pixels, colours last, and the 1 of a bias."""
    features, labels = part
    images = torch.from_numpy(features[:, :-1]).reshape(-1, 32, 32, 3).permute(0, 3, 1, 2)
    return images.contiguous(), torch.tensor(labels)


def train(loss, training, validation, epochs):
    """Stochastic gradient descent with momentum. Returns the network and a row of the curve for
    each epoch: the loss on the images trained on, and the share of the others that is right.
    """
    net = network()
    descent = torch.optim.SGD(net.parameters(), lr=0.002, momentum=0.9, weight_decay=1e-4)
    images, labels = training
    curve = []
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(images)).split(BATCH):
            value = loss(net(images[batch]), labels[batch])
            descent.zero_grad()
            value.backward()
            descent.step()
            total += value.item() * len(batch)
        curve.append((total / len(images), share_right(net, validation)))
    return net, curve


@torch.no_grad()
def share_right(net, part):
    images, labels = part
    right = [
        (net(some).argmax(1) == those).sum().item()
        for some, those in zip(images.split(1000), labels.split(1000), strict=True)
    ]
    return sum(right) / len(images)


def draw(trained, path):
    """A row for each loss: its curve, and what training has put into the first layer's filters."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    size = (13, 2.4 * len(trained))
    figure, rows = plt.subplots(
        len(trained), 17, figsize=size, layout="constrained", width_ratios=[5] + [1] * 16
    )
    for row, (name, (net, curve)) in zip(rows, trained.items(), strict=True):
        of_loss, of_share = zip(*curve, strict=True)
        row[0].plot(of_loss, color="C0")
        row[0].set(ylabel=name, ylim=(0, None))
        share = row[0].twinx()
        share.plot(of_share, color="C1")
        share.set(ylim=(0, 1))
        row[0].set_title("loss (blue) and share of the validation images (orange)", fontsize=7)
        learnt = net[0].weight.detach() - network()[0].weight.detach()
        for axis, weights in zip(row[1:], learnt, strict=True):
            picture = 0.5 + 0.5 * weights / weights.abs().max()
            axis.imshow(picture.permute(1, 2, 0).numpy())
            axis.set(xticks=[], yticks=[])
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main(source, picture, epochs):
    *parts, _ = read(source)
    training, validation, test = map(as_tensors, parts)
    counts = [len(images) for images, _ in (training, validation, test)]
    print("{} images to train on, {} to watch, {} to test".format(*counts))
    trained = {}
    for name, loss in LOSSES.items():
        net, curve = trained[name] = train(loss, training, validation, epochs)
        first, last = curve[0][0], curve[-1][0]
        print(
            f"{name:20} loss {first:.3f} after the first epoch, {last:.3f} after the last; "
            f"right on {share_right(net, test):.1%} of the test images"
        )
    draw(trained, picture)
    print(f"\nThe curves, and what the filters of the first layer have learnt: {picture}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("source", nargs="?", help="CIFAR-10's binary version")
    parser.add_argument("-o", "--output", type=Path, default=Path("filters.png"))
    parser.add_argument("--epochs", type=int, default=5)
    given = parser.parse_args()
    if given.source:
        main(given.source, given.output, given.epochs)
    else:
        with tempfile.TemporaryDirectory() as folder:
            write_small_file(Path(folder))
            main(folder, given.output, given.epochs)
