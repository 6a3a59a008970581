"""Every check that scikit-learn has for estimators, none excused."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import normexp as nex
from normexp.linear import LinearClassifier, MulticlassSVM, SoftmaxRegression

ESTIMATORS = [
    LinearClassifier(),
    SoftmaxRegression(),
    MulticlassSVM(),
    MulticlassSVM("crammer-singer"),
    MulticlassSVM(squared=True),
    MulticlassSVM("crammer-singer", squared=True),
    LinearClassifier(nex.CrossEntropy(label_smoothing=0.1, temperature=2.0)),
    LinearClassifier(nex.SquaredError()),
    LinearClassifier(nex.SquaredError(on="probabilities")),
]


def equivalent(estimator):
    """Weighted and repeated samples must give the same scores to 1e-7: where the gap is quadratic
    in their error, that takes a small one, which costs more than all the other checks."""
    squared = getattr(estimator, "squared", False)
    by_variant = {"weston-watkins": 1e-14, "crammer-singer": 1e-12}
    tol = by_variant[estimator.variant] if squared else 1e-10
    return estimator.set_params(tol=tol)


@pytest.mark.filterwarnings("ignore")  # the checks judge warnings themselves
@parametrize_with_checks(ESTIMATORS)
def test_estimator_passes(estimator, check):
    check(equivalent(estimator) if "sample_weight_equivalence" in str(check) else estimator)
