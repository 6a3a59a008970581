"""How many threads BLAS may take for a fit."""

from functools import cache
from typing import Any

from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

# Multiplications of one product of features and weights. Below, threads of BLAS take longer to wait
# for each other than to multiply, and a hundred times longer where the processor is busy.
WORTH_THREADS = 100_000_000


@cache
def blas() -> ThreadpoolController:
    """The BLAS that NumPy and SciPy have loaded: to look for it takes longer than a small fit."""
    return ThreadpoolController().select(user_api="blas")


def blas_threads(features: NDArray[Any], classes: NDArray[Any]) -> int | None:
    """One for a matrix product that is over before a second thread has begun; None for no limit."""
    return 1 if features.size * classes.size < WORTH_THREADS else None
