"""DeepFillv2 against a direct, slow computation; its names, its size, and files that hold it."""

from __future__ import annotations

import io

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra 'prelabel' is not installed")

from datakit.errors import ModelError  # noqa: E402
from datakit.models.networks.deepfill import (  # noqa: E402
    PARAMETERS,
    ContextualAttention,
    DeepFill,
    Flavour,
)
from datakit.models.networks.deepfill_weights import _CONVERTED, read_deepfill  # noqa: E402
from tests.models.weight_makers import state_dict_bytes  # noqa: E402

State = dict[str, np.ndarray]


TENSORFLOW = "tensorflow"


def slow_conv(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray, stride: int, dilation: int, late
):
    """Convolve pixel by pixel, zeros around; late: all zeros of a halving after the end."""
    kernel = weight.shape[2]
    reach = 0 if late and stride == 2 else dilation * (kernel - 1) // 2
    height, width = x.shape[1:]
    out = np.empty((len(weight), -(-height // stride), -(-width // stride)))
    for y in range(out.shape[1]):
        for column in range(out.shape[2]):
            total = bias.astype(float).copy()
            for i in range(kernel):
                for j in range(kernel):
                    at_y = y * stride + i * dilation - reach
                    at_x = column * stride + j * dilation - reach
                    if 0 <= at_y < height and 0 <= at_x < width:
                        total += weight[:, :, i, j] @ x[:, at_y, at_x]
            out[:, y, column] = total
    return out


def gated(state: State, name: str, x: np.ndarray, stride=1, dilation=1, kind="elu") -> np.ndarray:
    weight, bias = state[f"{name}.conv.weight"], state[f"{name}.conv.bias"]
    found = slow_conv(x, weight, bias, stride, dilation, TENSORFLOW in state)
    if kind == "none":
        return found
    values, gate = found[: len(found) // 2], found[len(found) // 2 :]
    passed = np.where(values > 0, values, np.exp(values) - 1 if kind == "elu" else 0)
    return passed / (1 + np.exp(-gate))


def down(state: State, name: str, x: np.ndarray) -> np.ndarray:
    half = gated(state, f"{name}.conv1_downsample", x, stride=2)
    return gated(state, f"{name}.conv2", half)


def up(state: State, name: str, x: np.ndarray) -> np.ndarray:
    larger = x.repeat(2, axis=1).repeat(2, axis=2)
    return gated(state, f"{name}.conv2", gated(state, f"{name}.conv1_upsample.conv", larger))


def bottleneck(state: State, name: str, x: np.ndarray) -> np.ndarray:
    for number, dilation in enumerate((1, 2, 4, 8, 16), 1):
        x = gated(state, f"{name}{number}", x, dilation=dilation)
    return x


def last(state: State, stage: str, x: np.ndarray) -> np.ndarray:
    for name in ("conv_bn6", "conv_bn7"):
        x = gated(state, f"{stage}.{name}", x)
    x = up(state, f"{stage}.up_block2", up(state, f"{stage}.up_block1", x))
    return np.tanh(gated(state, f"{stage}.conv_to_rgb", x, kind="none"))


def patch(x: np.ndarray, top: int, left: int, side: int) -> np.ndarray:
    padded = np.pad(x, [(0, 0), (side, side), (side, side)])
    return padded[:, top + side : top + 2 * side, left + side : left + 2 * side]


def fused(scores: np.ndarray) -> np.ndarray:
    """Scores (P, Q) of patches and places: each supported by its neighbours on the diagonal."""
    padded = np.pad(scores, 1)
    return padded[:-2, :-2] + padded[1:-1, 1:-1] + padded[2:, 2:]


def spread(x: np.ndarray, times: int) -> np.ndarray:
    """Take every so manieth pixel, from the first to the last one."""
    rows, columns = (
        [int(n * (side - 1) / (side // times - 1) + 0.5) for n in range(side // times)]
        for side in x.shape[1:]
    )
    return x[:, rows][:, :, columns]


def slow_attention(x: np.ndarray, mask: np.ndarray, fuse: bool = True) -> np.ndarray:
    if fuse:
        small, gap = x[:, ::2, ::2], mask[:, ::8, ::8]
    else:
        small, gap = spread(x, 2), spread(mask, 8)
    high, wide = small.shape[1:]
    places = [(y, column) for y in range(high) for column in range(wide)]
    scores = np.empty((len(places), len(places)))
    for p, (py, px) in enumerate(places):
        known = patch(small, py - 1, px - 1, 3)
        known = known / max(np.sqrt((known**2).sum()), 1e-4)
        for q, (qy, qx) in enumerate(places):
            scores[p, q] = (known * patch(small, qy - 1, qx - 1, 3)).sum()
    if fuse:
        by_columns = [places.index((y, column)) for column in range(wide) for y in range(high)]
        scores = fused(scores)
        scores = fused(scores[np.ix_(by_columns, by_columns)])
        back = np.argsort(by_columns)
        scores = scores[np.ix_(back, back)]
    whole = [patch(gap, y - 1, column - 1, 3).sum() == 0 for y, column in places]
    usable = np.array(whole, float)[:, None]
    powers = np.exp(scores * usable * 10 - (scores * usable * 10).max(axis=0))
    shares = powers / powers.sum(axis=0) * usable
    out = np.zeros((len(x), x.shape[1] + 2, x.shape[2] + 2))
    for q, (qy, qx) in enumerate(places):
        for p, (py, px) in enumerate(places):
            piece = patch(x, 2 * py - 1, 2 * px - 1, 4)
            out[:, 2 * qy : 2 * qy + 4, 2 * qx : 2 * qx + 4] += shares[p, q] * piece
    return out[:, 1:-1, 1:-1] / 4


def slow_deepfill(state: State, photo: np.ndarray, mask: np.ndarray) -> np.ndarray:
    known = photo * (1 - mask)
    x = gated(state, "stage1.conv1", np.concatenate([known, np.ones_like(mask), mask]))
    x = down(state, "stage1.down_block2", down(state, "stage1.down_block1", x))
    guess = last(state, "stage1", bottleneck(state, "stage1.conv_bn", x))
    joined = guess * mask + known
    dilated = gated(state, "stage2.conv_conv1", joined)
    for name in ("stage2.conv_down_block1", "stage2.conv_down_block2"):
        dilated = down(state, name, dilated)
    dilated = bottleneck(state, "stage2.conv_conv_bn", dilated)
    copied = gated(state, "stage2.ca_conv1", joined)
    for name in ("stage2.ca_down_block1", "stage2.ca_down_block2"):
        copied = down(state, name, copied)
    copied = gated(state, "stage2.ca_conv_bn1", copied, kind="relu")
    copied = slow_attention(copied, mask, fuse=TENSORFLOW not in state)
    for name in ("stage2.ca_conv_bn4", "stage2.ca_conv_bn5"):
        copied = gated(state, name, copied)
    return last(state, "stage2", np.concatenate([dilated, copied]))


def random_model(width: int = 4, flavour: Flavour = "torch") -> DeepFill:
    torch.manual_seed(5)
    model = DeepFill(width, flavour).double().eval()
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    return model


def inputs(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    mask = np.zeros((1, height, width))
    mask[:, 8:20, 8:18] = 1
    return rng.uniform(-1, 1, (3, height, width)), mask


@pytest.mark.parametrize("flavour", ["torch", TENSORFLOW])
def test_the_forward_pass_is_the_direct_one(flavour: Flavour) -> None:
    model = random_model(flavour=flavour)
    photo, mask = inputs(32, 24)
    state = {key: value.numpy() for key, value in model.state_dict().items()}
    if flavour == TENSORFLOW:
        state[TENSORFLOW] = np.ones(1)
    wanted = slow_deepfill(state, photo, mask)
    with torch.inference_mode():
        found = model(torch.from_numpy(photo)[None], torch.from_numpy(mask)[None])[0].numpy()
    assert np.abs(wanted).max() < 1 and wanted.std() > 0.01
    assert np.abs(found - wanted).max() < 1e-5


def test_attention_pastes_what_is_known_alone() -> None:
    mask = inputs(64, 48)[1]
    features = torch.from_numpy(np.random.default_rng(2).normal(size=(1, 5, 16, 12)))
    attention = ContextualAttention().double()
    found = attention(features, torch.from_numpy(mask)[None])[0].numpy()
    assert np.abs(found - slow_attention(features[0].numpy(), mask)).max() < 1e-9


def test_size_and_names_are_the_published_ones() -> None:
    model = DeepFill()
    assert sum(weight.numel() for weight in model.parameters()) == PARAMETERS
    shapes = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    # As `Generator(cnum_in=5, cnum=48)` of nipponjo/deepfillv2-pytorch names and shapes them.
    published = {
        "stage1.conv1.conv.weight": (48, 5, 5, 5),
        "stage1.down_block1.conv1_downsample.conv.weight": (96, 24, 3, 3),
        "stage1.down_block2.conv2.conv.weight": (192, 96, 3, 3),
        "stage1.conv_bn5.conv.bias": (192,),
        "stage1.up_block1.conv1_upsample.conv.conv.weight": (96, 96, 3, 3),
        "stage1.up_block2.conv2.conv.weight": (24, 24, 3, 3),
        "stage1.conv_to_rgb.conv.weight": (3, 12, 3, 3),
        "stage2.conv_conv1.conv.weight": (48, 3, 5, 5),
        "stage2.conv_down_block2.conv1_downsample.conv.weight": (96, 48, 3, 3),
        "stage2.ca_down_block2.conv1_downsample.conv.weight": (192, 48, 3, 3),
        "stage2.contextual_attention.fuse_weight": (1, 1, 3, 3),
        "stage2.ca_conv_bn5.conv.weight": (192, 96, 3, 3),
        "stage2.conv_bn6.conv.weight": (192, 192, 3, 3),
    }
    assert published.items() <= shapes.items()
    assert len(shapes) == 85


def test_a_state_dict_is_read_and_another_one_refused() -> None:
    model = random_model().float()
    again = read_deepfill(state_dict_bytes(model), "g.pth")
    for key, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[key], value)
    with pytest.raises(ModelError, match="expected the generator of a DeepFillv2; it lacks"):
        read_deepfill(state_dict_bytes(torch.nn.Conv2d(3, 3, 3)), "other.pth")


def test_the_authors_weights_are_read_by_their_converted_names() -> None:
    """The names and shapes of `networks_tf.Generator` of nipponjo/deepfillv2-pytorch."""
    model = random_model(flavour=TENSORFLOW).float()
    names = {new: old for old, new in _CONVERTED.items()}
    state = {}
    for key, value in model.state_dict().items():
        layer, kind = key.rsplit(".conv.", 1)
        inner = ".conv" if layer.endswith("_upsample.conv") else ""
        state[f"{names[layer.removesuffix('.conv')]}{inner}.conv.{kind}"] = value
    assert len(names) == 42 and len(state) == 84
    for name in ("xconv2_downsample.conv.weight", "pmconv6.conv.bias", "conv10_atrous.conv.weight"):
        assert name in state
    assert state["allconv13_upsample.conv.conv.weight"].shape == (8, 8, 3, 3)
    stored = io.BytesIO()
    torch.save({"G": state}, stored)
    again = read_deepfill(stored.getvalue(), "states_tf.pth")
    photo, mask = (torch.from_numpy(one)[None].float() for one in inputs(32, 24))
    with torch.inference_mode():
        assert torch.equal(again(photo, mask), model(photo, mask))
