"""Checkpoints are plain safetensors, and the same bytes each time."""

from __future__ import annotations

import torch
from safetensors.torch import load
from torch import nn, optim

from datakit.models.weights.files import read_tensors
from datakit.training.checkpoints import encode_state, encode_weights, restore_state


def test_the_library_reads_what_is_written() -> None:
    state = {
        "b": torch.randn(2, 3),
        "a.weight": torch.randn(4, 1, 3, 3).to(memory_format=torch.channels_last),
        "count": torch.tensor(7),
        "double": torch.randn(2, dtype=torch.float64),
        "none": torch.zeros(0, 4),
    }
    data = encode_weights(state, {"z": "1", "a": "é"})
    assert data == encode_weights(dict(reversed(state.items())), {"a": "é", "z": "1"})
    found = load(data)
    assert found.keys() == state.keys()
    assert all(torch.equal(found[key], state[key]) for key in state)
    tensors, metadata = read_tensors(data, "weights")
    assert tensors.keys() == state.keys() and metadata == {"a": "é", "z": "1"}


def test_network_and_optimizer_come_back() -> None:
    def made() -> tuple[nn.Module, optim.Optimizer]:
        torch.manual_seed(3)
        network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Conv2d(2, 1, 1))
        return network, optim.AdamW(network.parameters(), lr=0.1)

    def step(network: nn.Module, optimizer: optim.Optimizer) -> None:
        optimizer.zero_grad()
        network(torch.ones(2, 1, 5, 5)).square().sum().backward()
        optimizer.step()

    network, optimizer = made()
    step(network, optimizer)
    data = encode_state(network, optimizer, network.state_dict(), {}, {"history": "[]"})
    other, other_optimizer = made()
    best, metadata = restore_state(data, "checkpoint", other, other_optimizer)
    assert metadata["history"] == "[]" and best.keys() == network.state_dict().keys()
    for both in ((network, optimizer), (other, other_optimizer)):
        step(*both)
    for key, value in network.state_dict().items():
        assert torch.equal(value, other.state_dict()[key])
