"""Every check that scikit-learn has for estimators, none excused, at the defaults."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import normexp as nex
from normexp.linear import (
    LinearClassifier,
    LinearClassifierCV,
    MulticlassSVM,
    SoftmaxRegression,
    SoftmaxRegressionCV,
)

ESTIMATORS = [
    LinearClassifier(),
    SoftmaxRegression(),
    SoftmaxRegression(l1_ratio=0.5),
    MulticlassSVM(),
    MulticlassSVM("crammer-singer"),
    MulticlassSVM(squared=True),
    MulticlassSVM("crammer-singer", squared=True),
    LinearClassifier(nex.CrossEntropy(label_smoothing=0.1, temperature=2.0)),
    LinearClassifier(nex.SquaredError()),
    SoftmaxRegressionCV(alphas=2, cv=2),
    LinearClassifier(nex.SquaredError(on="probabilities")),
]


@pytest.mark.filterwarnings("ignore")  # the checks judge warnings themselves
@parametrize_with_checks(ESTIMATORS)
def test_estimator_passes(estimator, check):
    check(estimator)


@pytest.mark.nightly
@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks([SoftmaxRegressionCV(), LinearClassifierCV("svm", alphas=3)])
def test_estimator_that_chooses_alpha_passes(estimator, check):
    check(estimator)
