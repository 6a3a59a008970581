"""An inverse Hessian, Kronecker-factored.

In the weights W of centred features x, and the logits c at their mean, the Hessian of the loss is

    Σ_i s_i · ∂²loss_i/∂z² ⊗ x_i x_iᵀ        and        C = Σ_i s_i · ∂²loss_i/∂z²

Taking the curvature of a row to have nothing to do with its features, the first becomes ``C ⊗ G``
with the mean G of ``x_i x_iᵀ``. With ``C = V diag(γ) Vᵀ`` and ``G = U diag(λ) Uᵀ``, the inverses of
``C ⊗ G + alpha I`` and of C times some R in the shape of W and some r in that of c are

    V [(Vᵀ R U)_kj / (γ_k λ_j + alpha)] Uᵀ        and        V diag(1/γ) Vᵀ r
"""

import numpy as np

from .covariance import Spectrum
from .objective import Array

# γ, and γλ + alpha, are put no lower than this, in parts of the largest.
LEAST_CURVATURE = 1e-8
LEAST_RIDGE = 1e-10
# A direction of c with less than this has no curvature at all, and is left alone.
ROUNDING = 1e-13


class KroneckerInverse:
    """``(C ⊗ G + alpha I)⁻¹`` for W and ``C⁻¹`` for c: symmetric and positive definite.

    But for directions of c without curvature, such as a constant added to all logits: most losses
    know nothing of it, and rounding, divided by next to nothing, would make it anything.
    """

    def __init__(self, spectrum: Spectrum, curvature: Array, alpha: float) -> None:
        self.directions = spectrum.vectors
        gamma, self.classes = np.linalg.eigh(curvature)
        gamma = np.abs(gamma)  # downhill also where a loss is not convex
        highest = float(gamma.max())
        is_curved = gamma > ROUNDING * highest
        gamma = np.maximum(gamma, LEAST_CURVATURE * highest)[:, None]
        ridge = max(alpha, LEAST_RIDGE * highest * float(spectrum.values[-1])) or 1.0
        self.within = 1 / (gamma * spectrum.values + ridge)
        self.outside = 1 / (gamma * spectrum.tail + ridge)
        self.of_mean = np.where(is_curved, 1 / gamma[:, 0], 0.0)

    def times(self, weight: Array, at_mean: Array) -> tuple[Array, Array]:
        rotated, inside, of_mean = self._rotated(weight, at_mean)
        # What lies outside of the known directions is everything less what lies in them.
        product = self.outside * rotated
        product += (inside * (self.within - self.outside)) @ self.directions.T
        return self.classes @ product, self.classes @ (self.of_mean * of_mean)

    def form(self, weight: Array, at_mean: Array) -> float:
        """A vector times its product."""
        rotated, inside, of_mean = self._rotated(weight, at_mean)
        total = np.sum(self.outside[:, 0] * np.einsum("kj,kj->k", rotated, rotated))
        total += np.sum(inside**2 * (self.within - self.outside))
        return float(total + np.sum(self.of_mean * of_mean**2))

    def _rotated(self, weight: Array, at_mean: Array) -> tuple[Array, Array, Array]:
        """Both in the eigenvectors of C, and the first also in those of G."""
        rotated = self.classes.T @ weight
        return rotated, rotated @ self.directions, self.classes.T @ at_mean
