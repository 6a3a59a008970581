"""Numba's part: a form of a kernel as a module of LLVM.

Compiled, a form is ``int entry(void **result, void **failure, int64_t *block)``. The block holds
the arguments one after the other: an array's address, shape and strides, and numbers as they are.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any
from unittest.mock import patch

from llvmlite import ir
from numba import njit, types
from numba.core.codegen import JITCodeLibrary
from numba.core.cpu import CPUContext
from numba.extending import intrinsic

from normexp.kernels.cpu.compiled import signature_of
from normexp.kernels.cpu.vector import INTERNAL

from .forms import Form

SLOT = ir.IntType(64)


def slots(kind: Any) -> int:
    """How many slots of the block an argument takes."""
    if isinstance(kind, types.Array):
        return 1 + 2 * kind.ndim
    if isinstance(kind, types.NoneType):
        return 0
    fields: Any = kind
    return sum(map(slots, fields)) if isinstance(kind, types.BaseTuple) else 1


def reader(signature: tuple[Any, ...]) -> Any:
    """A function that makes arguments of these types of a block."""
    result = types.Tuple(signature)

    @intrinsic
    def arguments(typing_context: Any, block: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, values: Any) -> Any:
            block = builder.bitcast(values[0], SLOT.as_pointer())

            def slot(at: int, kind: Any = SLOT) -> Any:
                place = builder.gep(block, [SLOT(at)])
                return builder.load(builder.bitcast(place, kind.as_pointer()))

            def make(kind: Any, at: int) -> Any:
                if isinstance(kind, types.Array):
                    view = context.make_array(kind)(context, builder)
                    size = context.get_abi_sizeof(context.get_data_type(kind.dtype))
                    context.populate_array(
                        view,
                        data=builder.inttoptr(slot(at), view.data.type),
                        shape=[slot(at + 1 + axis) for axis in range(kind.ndim)],
                        strides=[slot(at + 1 + kind.ndim + axis) for axis in range(kind.ndim)],
                        itemsize=context.get_constant(types.intp, size),
                        meminfo=None,
                    )
                    return view._getvalue()
                if isinstance(kind, types.BaseTuple):
                    return context.make_tuple(builder, kind, make_all(kind, at))
                if isinstance(kind, types.NoneType):
                    return context.get_dummy_value()
                if kind == types.float64:
                    return slot(at, ir.DoubleType())
                if kind == types.boolean:
                    return builder.trunc(slot(at), context.get_value_type(kind))
                return slot(at)

            def make_all(kinds: Any, at: int) -> list[Any]:
                found = []
                for kind in kinds:
                    found.append(make(kind, at))
                    at += slots(kind)
                return found

            return context.make_tuple(builder, result, make_all(signature, 0))

        return result(block), codegen

    return arguments


@contextmanager
def only_read() -> Iterator[None]:
    """Numba makes neither machine code of each function nor good code, which takes it half of its
    time: LLVM does once for all forms.
    """

    def key(context: Any, library: Any, *_: Any) -> Any:
        """What stands for a function where others call it: any builtin that there is but once."""
        library.finalize()
        return object().__sizeof__

    with (
        patch.object(JITCodeLibrary, "_finalize_specific", lambda library: None),
        patch.object(JITCodeLibrary, "_optimize_final_module", lambda library: None),
        patch.object(CPUContext, "get_executable", key),
    ):
        yield


def without_counting(library: Any) -> str:
    """The code of an entry and all that it calls, in one function: where all of them are in sight,
    no array's references need to be counted, whose owner is not there.
    """
    passes, builder = library.codegen._module_pass_manager(
        loop_vectorize=False, slp_vectorize=False, opt=3, cost="cheap"
    )
    passes.run(library._final_module, builder)
    return str(library.get_llvm_str())


@only_read()
def module_of(form: Form) -> tuple[str, str]:
    """The code of a form, and the name of its entry in it."""
    source = import_module(f"normexp.kernels.cpu.{form.entry.module}")
    kernel = njit(**INTERNAL)(getattr(source, form.entry.name).dispatcher.py_func)
    read = reader(signature_of(form.arguments))

    def entry(block):  # type: ignore[no-untyped-def]
        kernel(*read(block))

    compiled = njit(**INTERNAL)(entry)
    compiled.compile((types.voidptr,))
    (found,) = compiled.overloads.values()
    return without_counting(found.library), found.fndesc.llvm_func_name
