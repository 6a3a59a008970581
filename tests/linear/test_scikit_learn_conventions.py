"""Every check that scikit-learn has for estimators, none excused."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import normexp as nex
from normexp.linear import LinearClassifier, MulticlassSVM, SoftmaxRegression

# Weighted and repeated samples must give the same scores to 1e-7: where the gap is quadratic in
# their error, that takes a small one.
ESTIMATORS = [
    LinearClassifier(),
    SoftmaxRegression(),
    MulticlassSVM(),
    MulticlassSVM("crammer-singer"),
    MulticlassSVM(squared=True, tol=1e-14),
    MulticlassSVM("crammer-singer", squared=True, tol=1e-12),
    LinearClassifier(nex.CrossEntropy(label_smoothing=0.1, temperature=2.0), tol=1e-10),
    LinearClassifier(nex.SquaredError(), tol=1e-10),
    LinearClassifier(nex.SquaredError(on="probabilities"), tol=1e-10),
]


@pytest.mark.filterwarnings("ignore")  # the checks judge warnings themselves
@parametrize_with_checks(ESTIMATORS)
def test_estimator_passes(estimator, check):
    check(estimator)
