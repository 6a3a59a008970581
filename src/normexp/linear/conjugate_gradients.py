"""Conjugate gradients, which also end where a matrix curves downwards."""

from collections.abc import Callable

import numpy as np

from .objective import Array


def conjugate_gradients(
    product: Callable[[Array], Array], right: Array, diagonal: Array, rtol: float, most: int
) -> Array:
    """Roughly the solution x of ``A x = right``: a direction along which the quadratic falls.

    It ends where the residual, in the norm of 1 / `diagonal`, is `rtol` of the first.
    """
    solution = np.zeros_like(right)
    residual = right.copy()
    scaled = residual / diagonal
    direction = scaled
    now = first = float(residual @ scaled)
    for _ in range(most):
        if now <= rtol**2 * first:
            break
        image = product(direction)
        curvature = float(direction @ image)
        if curvature <= 0:
            return solution if solution.any() else direction
        solution += now / curvature * direction
        residual -= now / curvature * image
        scaled = residual / diagonal
        before, now = now, float(residual @ scaled)
        direction = scaled + now / before * direction
    return solution
