"""A moving average of a network's weights: what fine-tuning keeps.

Polyak and Juditsky: Acceleration of Stochastic Approximation by Averaging. SIAM Journal on Control
and Optimization 30(4), 1992.
"""

from __future__ import annotations

import copy

import torch
from torch import nn

DECAY = 0.98


class WeightAverage:
    """Follows a network.

    Parameters
    ----------
    network : torch.nn.Module
        The average starts as a copy of it.

    Attributes
    ----------
    network : torch.nn.Module
        The average.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = copy.deepcopy(network).requires_grad_(False)

    @torch.no_grad()
    def follow(self, network: nn.Module, step: int) -> None:
        """Move a part of the way to the network; integers (the counters of its norms) are copied.

        Parameters
        ----------
        network : torch.nn.Module
        step : int
            How many steps were made before: the average forgets the start sooner at first.
        """
        decay = min(DECAY, (1 + step) / (10 + step))
        mine, theirs = self.network.state_dict(), network.state_dict()
        for key, value in mine.items():
            if value.is_floating_point():
                value.lerp_(theirs[key], 1 - decay)
            else:
                value.copy_(theirs[key])
