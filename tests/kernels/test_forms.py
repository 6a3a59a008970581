"""Every form of every kernel is told before it is needed."""

import pkgutil
from importlib import import_module

import numpy as np
import pytest

from ahead_of_time.forms import asked, examples, forms
from normexp.kernels import cpu
from normexp.kernels.cpu import compiled
from normexp.kernels.cpu.entries import Entries, Entry


@pytest.fixture(scope="module")
def told():
    return forms()


def test_every_kernel_is_reached_and_exists(told):
    kernels = {
        f"{module}.{name}"
        for _, module, _ in pkgutil.iter_modules(cpu.__path__)
        if module[0] != "_"
        for name, value in vars(import_module(f"{cpu.__name__}.{module}")).items()
        if isinstance(value, compiled.Kernel) and value.dispatcher.__module__.endswith(module)
    }
    assert {f"{form.entry.module}.{form.entry.name}" for form in told.values()} == kernels


def test_a_form_is_named_after_its_kernel_and_its_types(told):
    for name, (entry, arguments) in told.items():
        assert name == entry.form_name(arguments)
    of_softmax = [name for name in told if name.startswith("functions.softmax ")]
    storages = {name.split()[1][:2] for name in of_softmax}
    assert storages == {"f4", "f8", "u2", "i2"}


def test_a_parameter_that_nothing_is_known_of_is_an_error():
    def curl(logits, twist):
        """Not in the contract."""

    with pytest.raises(LookupError, match=r"curl .* takes 'twist'"):
        next(examples(curl))


def test_nothing_is_compiled_while_forms_are_told():
    with asked() as found:
        result = cpu.softmax(cpu.Logits(np.ones((2, 3), np.float32)))
    assert len(found) == 1
    assert not result.any()


def test_a_kernel_is_found_by_its_name_alone():
    functions = Entries("functions")
    assert isinstance(functions.softmax, Entry)
    assert functions.softmax is functions.softmax
    with pytest.raises(AttributeError):
        functions._private  # noqa: B018
    with pytest.raises(AttributeError, match="no_such_kernel"):
        functions.no_such_kernel.made((1.0,))
