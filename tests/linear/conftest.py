"""What takes longer than it is worth in every run is left to the night."""

import pytest

# Squared Crammer and Singer on sparse features goes by the method of multipliers, which stalls.
LONG = "MulticlassSVM(squared=True,variant='crammer-singer')-check_estimator_sparse_"
FORMS = "array]", "matrix]"


@pytest.hookimpl(tryfirst=True)  # before what is marked is left out
def pytest_collection_modifyitems(items):
    for item in items:
        if LONG in item.name and item.name.endswith(FORMS):
            item.add_marker(pytest.mark.nightly)
