"""The command line as a whole. Each command loads the rooms that it needs, and no more."""

from __future__ import annotations

import click

from .. import __version__
from . import terminal
from .bench import bench
from .calibrate import calibrate
from .compare import compare
from .diagnose import diagnose
from .evaluate import evaluate
from .explain import explain
from .explore import explore
from .export import export
from .group import Commands
from .inspect import inspect
from .predict import predict
from .train import train
from .warmup import warmup


@click.group(cls=Commands, invoke_without_command=True)
@click.version_option(__version__, prog_name="normexp", message="%(prog)s %(version)s")
@click.pass_context
def normexp(context: click.Context) -> None:
    """Softmax, the losses built on it, and the linear classifiers trained with them.

    DATA is the name of a built-in data set (digits, iris, wine, breast_cancer), or a file, packed
    or not: CSV, Parquet, .xlsx, .arff; .npy, .npz, .mat, SVMlight; MNIST's idx files, CIFAR-10 or
    CIFAR-100, or a folder of pictures for each class. Or a folder of Parquet or .npy files, which
    need not fit into memory but for compare.

    \b
    Examples:
      normexp compare
      normexp train flowers.csv --target species -o flowers.safetensors
      normexp predict flowers.safetensors more-flowers.csv

    An error is one line; with NORMEXP_DEBUG=1 in the environment it is Python's whole traceback.
    """
    if context.invoked_subcommand is None:
        terminal.say(context.get_help())


_trained = (predict, evaluate, calibrate, inspect, export)
for _command in (explore, compare, train, *_trained, explain, diagnose, bench, warmup):
    normexp.add_command(_command)
