"""Settings for every test."""

import os

from hypothesis import settings

# Before SciPy is loaded: scikit-learn checks more of an estimator with it.
os.environ["SCIPY_ARRAY_API"] = "1"

# A first example may wait for a kernel to be compiled.
settings.register_profile("normexp", deadline=None)
settings.load_profile("normexp")
