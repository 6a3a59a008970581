"""`normexp export`: a trained model as a file of another program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .._files import write_files
from . import terminal
from .group import Output, spare
from .options import as_json


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("output", type=Output(".onnx"))
@click.option(
    "--float32", is_flag=True, help="Numbers in 32 bits, for runtimes that have no others."
)
@as_json
def export(model: Path, output: Path, float32: bool, as_json: bool) -> None:
    """Write a model, with its treatment of columns, as an ONNX graph.

    OUTPUT has an input for each column, of shape (rows, 1): a number as a double, NaN where it is
    missing; a text as a string, "" where it is missing; a date as int64, microseconds since 1970.
    Where rows are arrays it has one input, features.

    \b
    Example:
      normexp export flowers.safetensors flowers.onnx
    """
    from ..export import to_onnx
    from ..model import Model

    spare([output], [model])
    exported = to_onnx(Model.load(model), float32=float32)
    write_files({output: exported.SerializeToString()})
    facts = {
        "inputs": [_described(value) for value in exported.graph.input],
        "outputs": [_described(value) for value in exported.graph.output],
    }
    if as_json:
        terminal.say_json({"model": str(output), **facts})
        return
    for title, values in facts.items():
        terminal.say(f"{title}:")
        for value in values:
            shape = ", ".join(map(str, value["shape"]))
            terminal.say(f"  {value['name']}: {value['type']} ({shape})")
    terminal.note(f"Wrote {output}.")


def _described(value: Any) -> dict[str, Any]:
    """The name of an input or output, its type, and its shape, in which `rows` is any number."""
    from onnx import TensorProto

    tensor = value.type.tensor_type
    return {
        "name": value.name,
        "type": TensorProto.DataType.Name(tensor.elem_type).lower(),
        "shape": [axis.dim_param or axis.dim_value for axis in tensor.shape.dim],
    }
