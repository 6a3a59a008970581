"""Trained models as files of other programs."""

from .._extras import extra

with extra("onnx"):
    from .onnx import to_onnx

__all__ = ["to_onnx"]
