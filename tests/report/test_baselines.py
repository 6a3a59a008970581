"""What is reached without learning weights."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.dummy import DummyClassifier
from sklearn.neighbors import NearestCentroid

from normexp.data import Dataset, load
from normexp.report.baselines import majority, nearest_centroid
from normexp.report.comparison import compare
from normexp.report.split import split


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_baselines_are_those_of_scikit_learn(name):
    part = split(load(name), 0.3, 1)
    peers = {majority: DummyClassifier(), nearest_centroid: NearestCentroid()}
    for predict, peer in peers.items():
        peer.fit(part.train_features, part.train_target)
        assert predict(part).tolist() == peer.predict(part.test_features).tolist()


def test_sparse_rows_have_the_same_centroids():
    rng = np.random.default_rng(0)
    dense = rng.poisson(0.2, size=(120, 30)).astype(float)
    labels = rng.integers(3, size=120)
    names = tuple(f"x{i}" for i in range(30))
    of_sparse = split(Dataset("rows", csr_array(dense), labels, names), 0.3, 0)
    means = [
        of_sparse.train_features.toarray()[of_sparse.train_target == k].mean(axis=0)
        for k in range(3)
    ]
    distances = np.linalg.norm(of_sparse.test_features.toarray()[:, None] - np.array(means), axis=2)
    assert nearest_centroid(of_sparse).tolist() == distances.argmin(axis=1).tolist()


def test_baselines_are_judged_on_the_rows_of_the_losses():
    comparison = compare(load("wine"), test_size=0.3)
    assert [baseline.name for baseline in comparison.baselines] == ["majority", "nearest centroid"]
    for baseline in comparison.baselines:
        right = np.mean(baseline.predicted == comparison.truth)
        assert baseline.metrics.accuracy == pytest.approx(right)
        assert baseline.metrics.log_loss is None
