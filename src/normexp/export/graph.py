"""An ONNX graph that grows node by node."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper

# What onnxruntime has from 1.13 on, of November 2022.
OPSET, ML_OPSET, FORMAT = 17, 3, 8
ROWS = "rows"


class Graph:
    """Nodes, constants, inputs and outputs, each value with a name that no other has.

    Parameters
    ----------
    dtype : float64 or float32
        Of the numbers in it.
    reserved : iterable of str
        Names of outputs, which no input may have.
    """

    def __init__(self, dtype: DTypeLike, reserved: Iterable[str]) -> None:
        self.dtype = np.dtype(dtype)
        self._taken = set(reserved)
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

    def input(self, name: str, dtype: DTypeLike, width: int) -> str:
        """Rows of so many values; where the name is taken, it gets an underscore."""
        name = self._free(name or "column")
        self._inputs.append(_typed(name, dtype, [ROWS, width]))
        return name

    def add(self, op: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """The result of an operator, by its name."""
        output = self._free(f"{op}.{len(self._nodes)}")
        self._nodes.append(
            helper.make_node(op, list(inputs), [output], output, domain=domain, **attributes)
        )
        return output

    def constant(self, values: NDArray[Any]) -> str:
        name = self._free(f"constant.{len(self._constants)}")
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def floats(self, values: Any) -> str:
        """Constants of the type of the graph."""
        return self.constant(np.asarray(values, self.dtype))

    def as_floats(self, value: str) -> str:
        return self.add("Cast", value, to=_tensor_type(self.dtype))

    def output(self, name: str, value: str, dtype: DTypeLike, width: int | None = None) -> None:
        self._nodes.append(helper.make_node("Identity", [value], [name], name))
        shape = [ROWS] if width is None else [ROWS, width]
        self._outputs.append(_typed(name, dtype, shape))

    def model(self, metadata: dict[str, str]) -> ModelProto:
        """All of it, checked."""
        graph = helper.make_graph(
            self._nodes, "normexp", self._inputs, self._outputs, self._constants
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
        model = helper.make_model(
            graph, producer_name="normexp", opset_imports=opsets, ir_version=FORMAT
        )
        helper.set_model_props(model, metadata)
        checker.check_model(model, full_check=True)
        return model

    def _free(self, name: str) -> str:
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name


def _typed(name: str, dtype: DTypeLike, shape: list[Any]) -> Any:
    return helper.make_tensor_value_info(name, _tensor_type(np.dtype(dtype)), shape)


def _tensor_type(dtype: np.dtype[Any]) -> int:
    if dtype.kind == "O":
        return int(TensorProto.STRING)
    return helper.np_dtype_to_tensor_dtype(dtype)
