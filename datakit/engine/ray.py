"""The engine for many machines: the same tasks in Ray actors, on a cluster or one of its own.

Items (paths, annotations) travel to the actors and outcomes (rows) come back; pixels never do, as
a task reads and writes its files where it runs. The scheduling is in `datakit.engine.actors`.
"""

from __future__ import annotations

import logging
import math
import os
import pickle
import socket
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from datakit.engine.actors import Actors
from datakit.engine.base import Session, Task, described, needs_of
from datakit.errors import EngineError
from datakit.machine import usable_cpus

# Ray keeps at least 75 MiB; datakit puts no pixels there.
_STORE_BYTES = 100 << 20

KNOCK_SECONDS = 5.0


class RayEngine:
    """Runs tasks in ``workers`` actors, each with one task that is set up once.

    Parameters
    ----------
    workers : int, optional
        Actors; None: as many as the cluster has CPUs (or GPUs, for tasks that hold some).
    address : str, optional
        ``HOST:PORT`` of a cluster, or ``auto`` for the one on this machine; None starts Ray on this
        machine for as long as this process lives, listening on loopback only.

    Raises
    ------
    EngineError
        If Ray is not installed, nothing answers at the address, or ``workers`` is below 1.
    """

    def __init__(self, workers: int | None = None, address: str | None = None) -> None:
        if workers is not None and workers < 1:
            raise EngineError(
                f"workers: expected 1 or more with the engine ray, got {workers}; "
                "--engine local --workers 0 works in this process"
            )
        if address is not None and "://" in address:
            raise EngineError(
                f"--ray-address {address}: expected auto or HOST:PORT; Ray's client mode is not "
                "supported, start datakit on a machine of the cluster (ray job submit)"
            )
        self.ray = _imported()
        self._asked = workers
        self._address = address
        self._session: Actors | None = None
        self.workers = workers or usable_cpus()

    def rates(self) -> Mapping[str, float]:
        """Return items a second of each node of the run under way, or of the last one."""
        return {} if self._session is None else self._session.rates()

    @contextmanager
    def open(self, task: Task[Any, Any]) -> Iterator[Session]:
        """Start actors for ``task``; they end with the context."""
        blob = pickle.dumps(task)
        needs = needs_of(task)
        # Ray of its own counts as many CPUs as the workers want, be there fewer: as `local` does.
        join(self.ray, self._address, math.ceil((self._asked or 1) * needs.cpus))
        self.workers = self._asked or self._room(needs.cpus, needs.gpus)
        self._session = Actors(self.ray, blob, self.workers, needs, grows=self._address is not None)
        try:
            yield self._session
        finally:
            self._session.close()

    def _room(self, cpus: float, gpus: float) -> int:
        """Return how many workers fit into the cluster as it is now."""
        total: Mapping[str, float] = self.ray.cluster_resources()
        places = [total.get("CPU", 0.0) / cpus] if cpus else []
        if gpus:
            places.append(total.get("GPU", 0.0) / gpus)
        return max(1, int(min(places, default=1.0)))


def _imported() -> Any:
    # Both are read when Ray is imported: no usage reports, and no advice on stderr.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise EngineError(
            f"engine ray: Ray is not installed ({error}); pip install 'datakit[ray]', or use "
            "--engine local"
        ) from None
    return ray


def join(ray: Any, address: str | None, cpus: int) -> None:
    """Connect this process to Ray; one that the caller connected before is used as it is.

    Ray that is started for this process counts at least ``cpus`` CPUs.
    """
    if ray.is_initialized():
        return
    if address not in (None, "auto"):
        check_answers(str(address))
    where: dict[str, Any] = {"address": address}
    if address is None:
        stay_on_loopback()
        where = {
            "address": "local",
            "num_cpus": max(cpus, usable_cpus()),
            "include_dashboard": False,
            "object_store_memory": _STORE_BYTES,
            "_node_ip_address": "127.0.0.1",
        }
    try:
        with warnings.catch_warnings(), without_helpers(alone=address is None):
            # Advice to Ray's own users.
            warnings.simplefilter("ignore")
            ray.init(**where, log_to_driver=False, logging_level=logging.CRITICAL)
    # Whatever keeps Ray from starting (ports, versions, memory) has its own kind of error.
    except Exception as error:  # noqa: BLE001
        name = f"--ray-address {address}" if address else "engine ray"
        raise EngineError(
            f"{name}: Ray cannot be reached ({described(error)[:300]}); start a cluster with "
            "`ray start --head`, or leave --ray-address out"
        ) from None
    keep_stdout_clean()


def stay_on_loopback() -> None:
    """Let Ray's servers of this machine listen on 127.0.0.1 and nowhere else.

    It is what Ray does by itself on other systems than Linux; here it resolves every name of that
    address away. Its own processes read the variable, this one has read it already.
    """
    from ray._private import ray_constants

    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    ray_constants.ENABLE_RAY_CLUSTER = False


@contextmanager
def without_helpers(*, alone: bool) -> Iterator[None]:
    """Start Ray of this process ``alone``, without the servers around it that datakit does not use.

    The dashboard's server starts also when it is left out, and asks cloud metadata services where
    it runs, usage reports or not. The autoscaler and the reader of logs have nothing to do here.
    Ray has no public switch for any of them.
    """
    from ray._private.node import Node

    helpers = ("start_api_server", "start_monitor", "start_log_monitor")
    kept = {name: getattr(Node, name) for name in helpers}
    for name in helpers if alone else ():
        setattr(Node, name, _start_nothing)
    try:
        yield
    finally:
        for name, method in kept.items():
            setattr(Node, name, method)


def _start_nothing(node: Any, **options: Any) -> None:
    node._webui_url = ""


def check_answers(address: str) -> None:
    """Knock at the address: Ray itself would try for ten minutes, and write to stderr meanwhile."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), KNOCK_SECONDS).close()
    except (OSError, ValueError) as error:
        raise EngineError(
            f"--ray-address {address}: expected the HOST:PORT of a Ray cluster, none answers "
            f"({error}); start one with `ray start --head`, or leave --ray-address out"
        ) from None


def keep_stdout_clean() -> None:
    """Stop Ray from printing its errors: stdout is for the summary, and outcomes tell of deaths.

    Ray has no public switch for the errors that its daemons publish.
    """
    from ray._private import worker

    worker._worker_logs_enabled = False
