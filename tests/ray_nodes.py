"""A real Ray cluster on this machine: two raylets of one CPU each, started once for all tests."""

from __future__ import annotations

import os
import time
from functools import cache
from typing import Any

STORE_BYTES = 80 << 20


@cache
def two_nodes() -> Any:
    """Start the nodes and connect this process; they end with it."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray
    from ray.cluster_utils import Cluster

    from datakit.engine.ray import keep_stdout_clean, stay_on_loopback

    stay_on_loopback()
    # An example of the documentation may have started one of its own.
    ray.shutdown()
    cluster = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": 1,
            "include_dashboard": False,
            "node_ip_address": "127.0.0.1",
            "object_store_memory": STORE_BYTES,
            "_system_config": {
                # A node that is gone is noticed in a second, not in fifteen.
                "health_check_initial_delay_ms": 1000,
                "health_check_period_ms": 300,
                "health_check_timeout_ms": 1000,
                "health_check_failure_threshold": 3,
            },
        },
    )
    ray.init(address=cluster.address, log_to_driver=False, logging_level="CRITICAL")
    add_node(cluster)
    keep_stdout_clean()
    return cluster


def add_node(cluster: Any, gpus: int = 0) -> Any:
    """Start one more raylet with one CPU, and wait until it has joined.

    GPUs are what Ray counts as such; nothing looks for a device.
    """
    before = alive()
    node = cluster.add_node(
        num_cpus=1,
        num_gpus=gpus,
        node_ip_address="127.0.0.1",
        object_store_memory=STORE_BYTES,
    )
    wait_until(before + 1)
    return node


def remove_node(cluster: Any, node: Any) -> None:
    """Kill all processes of a node, as a power cut would."""
    cluster.remove_node(node, allow_graceful=False)


def alive() -> int:
    """Count the nodes that Ray believes to be there."""
    import ray

    return sum(node["Alive"] for node in ray.nodes())


def wait_until(count: int, seconds: float = 30.0) -> None:
    """Wait until Ray has noticed that there are so many nodes."""
    deadline = time.monotonic() + seconds
    while alive() != count and time.monotonic() < deadline:
        time.sleep(0.05)
    assert alive() == count


def environment() -> dict[str, str]:
    """Return what a process needs that joins the cluster by its address."""
    return {**os.environ, "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
