"""A U²-Net as an ONNX graph, so that a state dict runs in onnxruntime where that is faster."""

from __future__ import annotations

import numpy as np

from datakit.models.networks.u2net import ConvNormRelu, DilatedUBlock, ResidualUBlock, U2Net
from datakit.models.runtimes.onnx_write import GraphWriter

_Size = tuple[int, int]


def write_u2net(model: U2Net, size_hw: _Size) -> bytes:
    """Return an ONNX file with seven sigmoid maps for (1, 3, h, w), as exporters write it.

    Parameters
    ----------
    model : U2Net
        Its batch norms folded.
    size_hw : tuple of int
        Height and width of the input.
    """
    return _U2NetGraph(model, size_hw).model()


class _U2NetGraph:
    """Walks the architecture as `U2Net.logits` does; a map is its name and its size."""

    def __init__(self, model: U2Net, size_hw: _Size) -> None:
        self.net, self.size = model, size_hw
        self.graph = GraphWriter("image", (1, 3, *size_hw))
        self.channels: dict[str, int] = {}

    def model(self) -> bytes:
        sizes = [self.size]
        maps = [self.block("stage1", "image", self.size)]
        for number in range(2, 7):
            sizes.append(_halved(sizes[-1]))
            maps.append(self.block(f"stage{number}", self.pool(maps[-1]), sizes[-1]))
        decoded = [maps[-1]]
        for number in range(5, 0, -1):
            size = sizes[number - 1]
            wide = self.enlarge(decoded[-1], sizes[number], size)
            joined = self.graph.node("Concat", [wide, maps[number - 1]], axis=1)
            decoded.append(self.block(f"stage{number}d", joined, size))
        sides = [self.conv("side1", decoded[-1])]
        for number in range(2, 7):
            side = self.conv(f"side{number}", decoded[-number])
            sides.append(self.enlarge(side, sizes[number - 1], self.size))
        joined = self.graph.node("Concat", sides, axis=1)
        logits = [self.conv("outconv", joined), *sides]
        outputs = [self.graph.node("Sigmoid", [name]) for name in logits]
        return self.graph.model(outputs, [(1, 1, *self.size)] * len(outputs))

    def block(self, name: str, source: str, size: _Size) -> str:
        block = self.net.get_submodule(name)
        if isinstance(block, DilatedUBlock):
            return self.dilated(name, source)
        if not isinstance(block, ResidualUBlock):
            raise TypeError(f"{name} is no stage of a U-Net of U-Nets")
        entry = self.layer(f"{name}.rebnconvin", source)
        levels, sizes = [self.layer(f"{name}.rebnconv1", entry)], [size]
        for level in range(2, block.height):
            sizes.append(_halved(sizes[-1]))
            levels.append(self.layer(f"{name}.rebnconv{level}", self.pool(levels[-1])))
        deep = self.layer(f"{name}.rebnconv{block.height}", levels[-1])
        at = sizes[-1]
        for level in range(block.height - 1, 0, -1):
            wide = self.enlarge(deep, at, sizes[level - 1])
            at = sizes[level - 1]
            joined = self.graph.node("Concat", [wide, levels[level - 1]], axis=1)
            deep = self.layer(f"{name}.rebnconv{level}d", joined)
        return self.add(deep, entry)

    def dilated(self, name: str, source: str) -> str:
        entry = self.layer(f"{name}.rebnconvin", source)
        levels = [entry]
        for level in range(1, 5):
            levels.append(self.layer(f"{name}.rebnconv{level}", levels[-1]))
        deep = levels[-1]
        for level in (3, 2, 1):
            joined = self.graph.node("Concat", [deep, levels[level]], axis=1)
            deep = self.layer(f"{name}.rebnconv{level}d", joined)
        return self.add(deep, entry)

    def layer(self, name: str, source: str) -> str:
        layer = self.net.get_submodule(name)
        if not isinstance(layer, ConvNormRelu):
            raise TypeError(f"{name} is no convolution with ReLU")
        convolved = self.conv(f"{name}.conv_s1", source)
        found = self.graph.node("Relu", [convolved])
        self.channels[found] = self.channels[convolved]
        return found

    def add(self, deep: str, entry: str) -> str:
        found = self.graph.node("Add", [deep, entry])
        self.channels[found] = self.channels[entry]
        return found

    def conv(self, name: str, source: str) -> str:
        module = self.net.get_submodule(name)
        weight = np.asarray(module.get_parameter("weight").detach(), np.float32)
        bias = np.asarray(module.get_parameter("bias").detach(), np.float32)
        dilation = int(module.dilation[0])  # type: ignore[index, arg-type, unused-ignore]
        padding = dilation * (weight.shape[2] // 2)
        found = self.graph.node(
            "Conv",
            [source, self.graph.weight(weight), self.graph.weight(bias)],
            kernel_shape=list(weight.shape[2:]),
            dilations=[dilation] * 2,
            pads=[padding] * 4,
        )
        self.channels[found] = weight.shape[0]
        return found

    def pool(self, source: str) -> str:
        return self.graph.node(
            "MaxPool", [source], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1
        )

    def enlarge(self, source: str, size: _Size, to: _Size) -> str:
        if size == to:
            return source
        # Sizes rather than scales: odd sides have no exact scale.
        wanted = np.array([1, self.channels[source], *to], np.int64)
        enlarged = self.graph.node(
            "Resize",
            [source, "", "", self.graph.weight(wanted)],
            mode="linear",
            coordinate_transformation_mode="pytorch_half_pixel",
        )
        self.channels[enlarged] = self.channels[source]
        return enlarged


def _halved(size: _Size) -> _Size:
    return -(-size[0] // 2), -(-size[1] // 2)
