"""The architectures: what they are made of, by numbers and names of the publication."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the extra 'prelabel' is not installed")

from datakit.errors import ModelError  # noqa: E402
from datakit.models.networks.u2net import U2Net, fold_batch_norms  # noqa: E402
from datakit.models.networks.unet import UNet, UNetConfig  # noqa: E402


@pytest.fixture(scope="module")
def small() -> U2Net:
    torch.manual_seed(0)
    model = U2Net("u2netp")
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.2, 0.2)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
    return model.eval()


@pytest.mark.parametrize(("size", "parameters"), [("u2net", 44_009_869), ("u2netp", 1_131_181)])
def test_numbers_of_the_publication(size, parameters):
    with torch.device("meta"):
        model = U2Net(size)
    assert sum(p.numel() for p in model.parameters()) == parameters
    assert len(model.state_dict()) == 798


def test_names_of_the_publication(small):
    names = list(small.state_dict())
    assert names[:3] == [
        "stage1.rebnconvin.conv_s1.weight",
        "stage1.rebnconvin.conv_s1.bias",
        "stage1.rebnconvin.bn_s1.weight",
    ]
    for name in (
        "stage1.rebnconv7.conv_s1.weight",
        "stage1.rebnconv6d.bn_s1.num_batches_tracked",
        "stage4.rebnconv4.bn_s1.running_var",
        "stage5.rebnconv3d.conv_s1.bias",
        "stage2d.rebnconv1d.bn_s1.running_mean",
        "side6.bias",
        "outconv.weight",
    ):
        assert name in names
    assert not [name for name in names if "stage5.rebnconv5" in name or "stage4.rebnconv5" in name]


@pytest.mark.parametrize("size_hw", [(64, 64), (33, 50)])
def test_seven_maps_and_folding_changes_nothing(small, size_hw):
    x = torch.rand(2, 3, *size_hw, generator=torch.Generator().manual_seed(1))
    folded = U2Net("u2netp")
    folded.load_state_dict(small.state_dict())
    folded.eval()
    fold_batch_norms(folded)
    with torch.inference_mode():
        maps, again = small(x), folded(x)
    assert [tuple(m.shape) for m in maps] == [(2, 1, *size_hw)] * 7
    assert all(float(m.min()) >= 0 and float(m.max()) <= 1 for m in maps)
    assert max(float((a - b).abs().max()) for a, b in zip(maps, again, strict=True)) < 1e-4
    assert set(folded.state_dict()) == set(U2Net("u2netp", folded=True).state_dict())
    assert len(folded.state_dict()) == 238


def test_a_unet_says_its_own_shape():
    config = UNetConfig(width=4, depth=3, size_px=64)
    again = UNetConfig.from_metadata(config.metadata())
    assert UNet(again).state_dict().keys() == UNet(config).state_dict().keys()
    with pytest.raises(ModelError, match="architecture"):
        UNetConfig.from_metadata({})
    with pytest.raises(ModelError, match="config"):
        UNetConfig.from_metadata({"architecture": "datakit-unet", "config": '{"width": 0}'})
