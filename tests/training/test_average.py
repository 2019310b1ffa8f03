"""The moving average: it starts at the weights, follows them, and copies whole counts."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from datakit.training.average import DECAY, WeightAverage  # noqa: E402


def test_it_follows_soon_at_first_and_slowly_later() -> None:
    network = torch.nn.BatchNorm2d(2)
    average = WeightAverage(network)
    assert torch.equal(average.network.weight, network.weight)
    with torch.no_grad():
        network.weight.fill_(3.0)
        network.num_batches_tracked.fill_(7)
    average.follow(network, 0)
    assert average.network.weight.tolist() == pytest.approx([2.8, 2.8])
    assert int(average.network.num_batches_tracked) == 7
    average.network.weight.fill_(1.0)
    average.follow(network, 10_000)
    assert average.network.weight.tolist() == pytest.approx([1 + 2 * (1 - DECAY)] * 2)
