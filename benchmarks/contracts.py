"""How many wrong fields of a contract are refused, before a photo is read.

    python benchmarks/contracts.py

Twenty pairs of a contract and a model that fits it: the shipped contracts, and others with the
layouts, types and activations that people's exports have. Each model is a 1x1 convolution whose
foreground is what is bright and red; it is made here. Each contract is then changed in one field,
twelve times. Prints one JSON object: how many right contracts were refused (there should be none),
how many wrong ones were, and the fields whose fault went unseen.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import yaml
from onnx import TensorProto, helper, numpy_helper

from datakit.errors import DatakitError
from datakit.models.factory import Settings
from datakit.models.runtimes.contract import Contract, parse_contract, shipped
from datakit.models.segmenters.base import build

Fields = dict[str, Any]
SIDE = 96


@dataclass(frozen=True)
class Case:
    """A contract, and what its model does after the convolution.

    Attributes
    ----------
    contract : Contract
    maps : int
        How many outputs of the same kind there are.
    classes : int
        Channels of the output that is read.
    after : tuple of str
        Operators: Sigmoid, Softmax, ArgMax, Bytes, Nhwc, Flat.
    """

    contract: Contract
    maps: int = 1
    classes: int = 1
    after: tuple[str, ...] = ()


def own(name: str, given: Mapping[str, Any], read: Mapping[str, Any], **more: Any) -> Case:
    text = yaml.safe_dump(
        {
            "name": name,
            "input": {"size": [SIDE, SIDE], "divide_by": 255, **given},
            "output": dict(read),
        }
    )
    return Case(parse_contract(text, name), **more)


def cases() -> list[Case]:
    """Return the twenty right pairs."""
    centred: Fields = {"mean": [0.5] * 3, "std": [0.5] * 3}
    logits: Fields = {"activation": "sigmoid"}
    return [
        Case(shipped("birefnet"), maps=2),
        Case(shipped("deeplabv3"), maps=2, classes=21),
        Case(shipped("isnet"), maps=2, after=("Sigmoid",)),
        Case(shipped("modnet"), after=("Sigmoid",)),
        Case(shipped("p3mnet"), maps=3, after=("Sigmoid",)),
        Case(shipped("rvm"), maps=2, after=("Sigmoid",)),
        Case(shipped("smp")),
        Case(shipped("u2net"), maps=7, after=("Sigmoid",)),
        Case(shipped("unet")),
        Case(shipped("vitmatte"), after=("Sigmoid",)),
        own("nhwc", {"layout": "nhwc", **centred}, {"layout": "nhwc", **logits}, after=("Nhwc",)),
        own("flat", centred, {"layout": "flat"}, after=("Sigmoid", "Flat")),
        own("classes", centred, {"activation": "class-index", "channel": 1}, classes=2,
            after=("ArgMax",)),
        own("two classes", centred, {"activation": "softmax", "channel": 1}, classes=2),
        own("probabilities", centred, {"channel": 1}, classes=2, after=("Softmax",)),
        own("bytes", centred, {"divide_by": 255}, after=("Sigmoid", "Bytes")),
        own("grey", {"channels": "grey", **centred}, logits),
        own("bgr", {"channels": "bgr", **centred}, logits),
        own("letterbox", {"fit": "letterbox", **centred}, logits),
        own("0 to 255", {"divide_by": 1, "mean": [127.5] * 3, "std": [127.5] * 3}, logits),
    ]  # fmt: skip


def model_of(case: Case) -> bytes:
    """Return an ONNX model that fits the contract."""
    given, read = case.contract.input, case.contract.output
    count = given.channel_count
    high, wide = ("h", "w") if given.fit == "multiple" else given.size
    nhwc = given.layout == "nhwc"
    shape = ["n", high, wide, count] if nhwc else ["n", count, high, wide]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    nodes, weights, outputs = [], [], []
    if nhwc:
        nodes.append(helper.make_node("Transpose", ["x"], ["nchw"], perm=[0, 3, 1, 2]))
    for name, constant in given.beside.items():
        sides = [None] * len(constant.shape)
        inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, sides))
        nodes.append(helper.make_node("Identity", [name], [f"{name}_next"]))
    chosen = read.index % case.maps  # -1 is the last one
    for number in range(case.maps):
        gain = 2.0 if number == chosen else 1.5
        kernel = np.zeros((case.classes, count, 1, 1), np.float32)
        kernel[read.channel if case.classes > 1 else 0, :, 0, 0] = gain / count
        kernel[read.channel if case.classes > 1 else 0, 2 if given.channels == "bgr" else 0] += gain
        # Where the input is not centred, the answer is.
        bias = np.full(case.classes, 0 if any(given.mean) else -gain, np.float32)
        weights.append(numpy_helper.from_array(kernel, f"k{number}"))
        weights.append(numpy_helper.from_array(bias, f"b{number}"))
        picture = "nchw" if nhwc else "x"
        nodes.append(
            helper.make_node("Conv", [picture, f"k{number}", f"b{number}"], [f"c{number}"])
        )
        last = f"c{number}"
        for step in case.after:
            made, extra = f"{last}{step}", _after(step, weights)
            nodes.append(helper.make_node(*extra[0], [last, *extra[1]], [made], **extra[2]))
            last = made
        kind = TensorProto.INT64 if "ArgMax" in case.after else TensorProto.FLOAT
        outputs.append(helper.make_tensor_value_info(last, kind, None))
    for name, constant in given.beside.items():
        sides = [None] * len(constant.shape)
        outputs.append(helper.make_tensor_value_info(f"{name}_next", TensorProto.FLOAT, sides))
    graph = helper.make_graph(nodes, "made", inputs, outputs, weights)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    data: bytes = made.SerializeToString()
    return data


def _after(step: str, weights: list[Any]) -> tuple[tuple[str], list[str], Fields]:
    """Return operator, further inputs and attributes of a step after the convolution."""
    if step == "Bytes":
        weights.append(numpy_helper.from_array(np.float32(255), f"top{len(weights)}"))
        return ("Mul",), [weights[-1].name], {}
    if step == "Flat":
        return ("Flatten",), [], {"axis": 1}
    if step == "Nhwc":
        return ("Transpose",), [], {"perm": [0, 2, 3, 1]}
    attributes = {"Softmax": {"axis": 1}, "ArgMax": {"axis": 1, "keepdims": 1}}
    return (step,), [], attributes.get(step, {})


Wrong = Callable[[Contract], tuple[Fields, Fields]]


def _other(value: Any, *choices: Any) -> Any:
    return next(choice for choice in choices if choice != value)


WRONG: dict[str, Wrong] = {
    "input.size": lambda c: ({"size": [c.input.size[0], c.input.size[1] // 2],
                              "fit": "stretch"}, {}),
    "input.fit": lambda c: ({"fit": _other(c.input.fit, "letterbox", "stretch")}, {}),
    "input.channels": lambda c: ({"channels": _other(c.input.channels, "bgr", "rgb")}, {}),
    "input.layout": lambda c: ({"layout": _other(c.input.layout, "nhwc", "nchw")}, {}),
    "input.divide_by": lambda c: ({"divide_by": _other(c.input.divide_by, 1, 255)}, {}),
    "input.std": lambda c: ({"std": [side / 40 for side in c.input.std]}, {}),
    "output.index": lambda c: ({}, {"index": 31}),
    "output.activation": lambda c: (
        {}, {"activation": _other(c.output.activation, "none", "sigmoid")}),
    "output.layout": lambda c: ({}, {"layout": _other(c.output.layout, "nhwc", "nchw")}),
    "output.divide_by": lambda c: ({}, {"divide_by": _other(c.output.divide_by, 255, 1)}),
    "output.channel": lambda c: ({}, {"channel": c.output.channel + 40}),
    "output.invert": lambda c: ({}, {"invert": not c.output.invert}),
}  # fmt: skip


def is_refused(contract: Fields, file: Path) -> bool:
    """Tell whether a model is refused by a contract."""
    text = file.with_suffix(".yaml")
    text.write_text(yaml.safe_dump(contract))
    try:
        build("onnx", Settings(weights=(file,), contract=text, device="cpu"))
    except DatakitError:
        return True
    return False


def main() -> None:
    unseen: Counter[str] = Counter()
    refused, right = 0, []
    pairs = cases()
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(pairs):
            file = Path(folder) / f"{number}.onnx"
            file.write_bytes(model_of(case))
            if is_refused(msgspec.to_builtins(case.contract, builtin_types=()), file):
                right.append(case.contract.name)
            for field, change in WRONG.items():
                given, read = change(case.contract)
                wrong = msgspec.to_builtins(case.contract, builtin_types=())
                wrong["input"] |= given
                wrong["output"] |= read
                if is_refused(wrong, file):
                    refused += 1
                else:
                    unseen[field] += 1
    print(
        json.dumps(
            {
                "contracts": len(pairs),
                "right_refused": right,
                "wrong": len(pairs) * len(WRONG),
                "wrong_refused": refused,
                "unseen": dict(unseen),
            }
        )
    )


if __name__ == "__main__":
    main()
