"""Write the seeds that the campaign damages; run after a format changes.

python -m tests.fuzz.make_corpus
"""

from __future__ import annotations

import io
import sys

import numpy as np
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save

from tests.fuzz.targets import CORPUS


def tiny_onnx() -> bytes:
    """One convolution from a picture to a map, as a segmenter would have it."""
    weight = numpy_helper.from_array(np.ones((1, 3, 1, 1), np.float32), "weight")
    node = helper.make_node("Conv", ["input", "weight"], ["map"])
    size = ["batch", 3, 32, 32]
    graph = helper.make_graph(
        [node],
        "tiny",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, size)],
        [helper.make_tensor_value_info("map", TensorProto.FLOAT, ["batch", 1, 32, 32])],
        [weight],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    return bytes(model.SerializeToString())


def main() -> None:
    """Write every seed."""
    state = {"stage1.rebnconvin.conv_s1.weight": torch.ones(1, 1, 3, 3)}
    pickled = io.BytesIO()
    torch.save(state, pickled)
    traced = io.BytesIO()
    torch.jit.save(torch.jit.trace(torch.nn.Conv2d(3, 1, 1), torch.zeros(1, 3, 8, 8)), traced)
    seeds = {
        "onnx": tiny_onnx(),
        "safetensors": save(state),
        "pickled": pickled.getvalue(),
        "torchscript": traced.getvalue(),
        "lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4\n",
        "page": b"<!DOCTYPE html><html><body>404</body></html>",
    }
    for name, data in seeds.items():
        (CORPUS / f"{name}.weights").write_bytes(data)
        sys.stdout.write(f"{name}: {len(data)} bytes\n")


if __name__ == "__main__":
    main()
