"""How many wrong fields of a contract are refused before a photo is read, or warned of after.

    python benchmarks/contracts.py u2netp.onnx --pairs ppm100/image ppm100/alpha

Twenty pairs of a contract and a model that fits it: the shipped contracts, and others with the
layouts, types and activations that people's exports have. Each model undoes what its contract does
to a picture, asks U²-Net-p, and brings the answer into the contract's form; it is made here. Each
contract is then changed in one field, twelve times. Prints one JSON object: the right contracts
that were refused or warned of (there should be none), how many wrong ones were, and of those that
were not the IoU that their drafts of the photos lose.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import onnx
import yaml
from onnx import TensorProto, helper, numpy_helper

from datakit.core.metrics.mask_metrics import iou
from datakit.errors import DatakitError
from datakit.io.pixels.decoders import decode_photo
from datakit.models.factory import Settings
from datakit.models.runtimes.contract import Contract, InputContract, parse_contract, shipped
from datakit.models.segmenters.base import build, segment_one
from datakit.verbs.prelabel.plausibility import FULL

Fields = dict[str, Any]
Pair = tuple[np.ndarray, np.ndarray]
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


def model_of(case: Case, core: onnx.ModelProto) -> bytes:
    """Return an ONNX model that fits the contract, and finds people as ``core`` does."""
    given, read = case.contract.input, case.contract.output
    high, wide = ("h", "w") if given.fit == "multiple" else given.size
    count = given.channel_count
    nhwc = given.layout == "nhwc"
    shape = ["n", high, wide, count] if nhwc else ["n", count, high, wide]
    made = Graph(core)
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    outputs = []
    for name, constant in given.beside.items():
        for kind, end in ((inputs, name), (outputs, f"{name}_next")):
            sides = [None] * len(constant.shape)
            kind.append(helper.make_tensor_value_info(end, TensorProto.FLOAT, sides))
        made.add("Identity", [name], output=f"{name}_next")
    logits = made.seen(made.picture(given))
    for number in range(case.maps):
        # Of several outputs the one that is read is the sharpest.
        gain = 1.0 if number == read.index % case.maps else 0.5
        last = made.classes(made.scaled(logits, gain), case.classes, read.channel)
        for step in case.after:
            last = made.after(last, step)
        kind = TensorProto.INT64 if "ArgMax" in case.after else TensorProto.FLOAT
        outputs.insert(number, helper.make_tensor_value_info(last, kind, None))
    graph = helper.make_graph(made.nodes, "made", inputs, outputs, made.weights)
    model = helper.make_model(graph, opset_imports=core.opset_import, ir_version=8)
    data: bytes = model.SerializeToString()
    return data


class Graph:
    """Nodes and weights of a model around a core, U²-Net-p of (1, 3, 320, 320)."""

    def __init__(self, core: onnx.ModelProto) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights = list(core.graph.initializer)
        self._core = core.graph

    def add(self, operator: str, given: list[str], output: str = "", **attributes: Any) -> str:
        """Add a node, and return the name of its output."""
        name = output or f"made{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, given, [name], **attributes))
        return name

    def constant(self, value: Any) -> str:
        """Add a weight, and return its name."""
        name = f"weight{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def scaled(self, name: str, by: float) -> str:
        """Multiply."""
        return self.add("Mul", [name, self.constant(np.float32(by))])

    def picture(self, given: InputContract) -> str:
        """Undo what a contract does to a picture: RGB in [0, 1], (1, 3, h, w)."""
        last = "x"
        if given.layout == "nhwc":
            last = self.add("Transpose", [last], perm=[0, 3, 1, 2])
        order = {"grey": [0, 0, 0], "bgr": [2, 1, 0]}.get(given.channels, [0, 1, 2])
        last = self.add("Gather", [last, self.constant(np.int64(order))], axis=1)
        top = 1.0 if given.divide_by == "max" else 255 / given.divide_by
        std, mean = (np.reshape(np.float32(one), (1, 3, 1, 1)) for one in (given.std, given.mean))
        last = self.add("Mul", [last, self.constant(std / np.float32(top))])
        return self.add("Add", [last, self.constant(mean / np.float32(top))])

    def seen(self, picture: str) -> str:
        """Return the core's logits for a picture, (1, 1, h, w)."""
        size = self.add("Shape", [picture])
        sides = self.add("Slice", [size, *(self.constant(np.int64([end])) for end in (2, 4))])
        wanted = self.add("Concat", [self.constant(np.int64([1, 1])), sides], axis=0)
        small = self._resized(picture, self.constant(np.int64([1, 3, 320, 320])))
        mean = np.reshape(np.float32([0.485, 0.456, 0.406]), (1, 3, 1, 1))
        std = np.reshape(np.float32([0.229, 0.224, 0.225]), (1, 3, 1, 1))
        centred = self.add("Sub", [small, self.constant(mean)])
        self.add("Div", [centred, self.constant(std)], output=self._core.input[0].name)
        self.nodes += self._core.node
        sure = self.add(
            "Clip",
            [self._core.output[0].name, *(self.constant(np.float32(e)) for e in (1e-4, 1 - 1e-4))],
        )
        other = self.add("Sub", [self.constant(np.float32(1)), sure])
        odds = self.add("Log", [self.add("Div", [sure, other])])
        return self._resized(odds, wanted)

    def _resized(self, name: str, size: str) -> str:
        nothing = self.constant(np.zeros(0, np.float32))
        return self.add("Resize", [name, nothing, nothing, size], mode="linear")

    def classes(self, logits: str, count: int, channel: int) -> str:
        """Return as many channels as there are classes; the others have nearly nothing."""
        if count == 1:
            return logits
        channels = [self.add("Sub", [self.scaled(logits, 0), self.constant(np.float32(20))])]
        channels *= count
        channels[0] = self.scaled(logits, -0.5)
        channels[channel] = self.scaled(logits, 0.5)
        return self.add("Concat", channels, axis=1)

    def after(self, name: str, step: str) -> str:
        """Add a step after the logits."""
        if step == "Bytes":
            return self.scaled(name, 255)
        if step == "Flat":
            return self.add("Flatten", [name], axis=1)
        if step == "Nhwc":
            return self.add("Transpose", [name], perm=[0, 2, 3, 1])
        if step == "Softmax":
            # Before operator set 13 it is over all axes from the given one on.
            last = self.add("Transpose", [name], perm=[0, 2, 3, 1])
            return self.add("Transpose", [self.add(step, [last], axis=3)], perm=[0, 3, 1, 2])
        return self.add(step, [name], **({"axis": 1} if step == "ArgMax" else {}))


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


def outcome(contract: Fields, file: Path, photos: Sequence[Pair]) -> tuple[str, list[float]]:
    """Return whether a model is refused, warned of after a run, or neither; and its IoUs."""
    text = file.with_suffix(".yaml")
    text.write_text(yaml.safe_dump(contract))
    try:
        model = build("onnx", Settings(weights=(file,), contract=text, device="cpu"))
    except DatakitError:
        return "refused", []
    scores = [(segment_one(model, image) > 0.5, person) for image, person in photos]
    shares = [float(mask.mean()) for mask, _ in scores]
    alike = all(share == 0 for share in shares) or all(share > FULL for share in shares)
    return "warned" if alike else "unseen", [iou(*pair) for pair in scores]


def photos_of(images: Path, labels: Path) -> list[Pair]:
    """Return pictures of at most 640 px, and their people."""
    found = []
    for file in sorted(images.iterdir()):
        image = decode_photo(file.read_bytes(), file.name)
        [label] = labels.glob(f"{file.stem}.*")
        size_wh = [round(side * min(1, 640 / max(image.shape))) for side in image.shape[1::-1]]
        small = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)
        person = cv2.resize(cv2.imread(str(label), cv2.IMREAD_GRAYSCALE), size_wh) > 127
        found.append((small, person))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--pairs", nargs=2, type=Path, required=True)
    parser.add_argument("--first", type=int, default=13, help="photos that unseen ones draft")
    given = parser.parse_args()
    core = onnx.load(str(given.weights))
    photos = photos_of(*given.pairs)[: given.first]
    counts: Counter[str] = Counter()
    unseen: dict[str, list[float]] = {}
    right = {}
    pairs = cases()
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(pairs):
            file = Path(folder) / f"{number}.onnx"
            file.write_bytes(model_of(case, core))
            known = msgspec.to_builtins(case.contract, builtin_types=())
            right[case.contract.name], before = outcome(known, file, photos)
            for field, change in WRONG.items():
                changed, read = change(case.contract)
                wrong = msgspec.to_builtins(case.contract, builtin_types=())
                wrong["input"] |= changed
                wrong["output"] |= read
                seen, after = outcome(wrong, file, photos)
                counts[seen] += 1
                if seen == "unseen":
                    lost = float(np.mean(before) - np.mean(after))
                    unseen.setdefault(field, []).append(round(lost, 4))
            print(case.contract.name, right[case.contract.name], np.mean(before), dict(counts),
                  flush=True, file=sys.stderr)  # fmt: skip
    print(
        json.dumps(
            {
                "contracts": len(pairs),
                "right_not_accepted": [name for name, seen in right.items() if seen != "unseen"],
                "wrong": len(pairs) * len(WRONG),
                **counts,
                "iou_lost_by_unseen": unseen,
            }
        )
    )


if __name__ == "__main__":
    main()
