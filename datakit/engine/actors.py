"""A pool of Ray actors for one task: scheduling of chunks, and recovery when an actor dies."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from datakit.engine.base import Chunks, Keyed, Needs, Outcome, WorkerDied, described
from datakit.engine.worker import set_up
from datakit.errors import DatakitError, EngineError
from datakit.version import __version__

STARTS = 3
LOSSES = 5
LONG_CHUNK_SECONDS = 0.5
PATIENCE_SECONDS = 300.0
POLL_SECONDS = 2.0
END_SECONDS = 5.0
INLINE_BYTES = 100_000
_END_GROUP = "end"


@dataclass(frozen=True, slots=True)
class ActorNode:
    """Where an actor runs."""

    id: str
    name: str
    version: str


class Worker:
    """What runs in an actor: one task, set up once.

    Parameters
    ----------
    blob : bytes
        The pickled task.
    folder : str
        Where relative paths start: the folder of the process that hands out the work.
    """

    def __init__(self, blob: bytes, folder: str) -> None:
        self._run: Chunks | DatakitError
        try:
            os.chdir(folder)
        except OSError as error:
            self._run = EngineError(
                f"{folder}: a node of the cluster does not have this folder ({error.strerror}); "
                "start from one that all nodes share"
            )
        else:
            self._run = set_up(blob)

    def node(self) -> ActorNode | DatakitError:
        """Tell where this is, or what is wrong with the task."""
        import ray

        if isinstance(self._run, DatakitError):
            return self._run
        context = ray.get_runtime_context()
        node = context.get_node_id()
        # Several nodes may share an address.
        return ActorNode(node, f"{ray.util.get_node_ip_address()} ({node[:6]})", __version__)

    def run(self, items: Sequence[Any]) -> list[Outcome[Any]] | DatakitError:
        """Run a chunk."""
        if isinstance(self._run, DatakitError):
            return self._run
        return self._run(items)

    def end(self) -> None:
        """End this process in the middle of whatever it does; nothing is written after that."""
        os._exit(0)


@dataclass(eq=False)
class _Work:
    """A chunk from its submission to its outcomes."""

    items: list[Any]
    outcomes: list[Outcome[Any]] | None = None
    died: bool = False
    losses: int = 0

    @property
    def over(self) -> bool:
        return self.died or self.outcomes is not None


@dataclass(eq=False)
class _Actor:
    """One actor, and its chunks in the order in which it does them."""

    handle: Any
    node: ActorNode | None = None
    work: deque[tuple[_Work, Future[Any]]] = field(default_factory=deque)
    gone: bool = False


class Actors:
    """Actors that are ready for one task.

    Chunks wait here rather than in the actors' own queues, so that a short one never waits behind
    a long one; an actor has one chunk ahead of it only when chunks are short. When an actor dies,
    the chunk that it was at is suspected, unless its whole node is gone; chunks behind are handed
    to others.

    Parameters
    ----------
    ray : module
        Ray, connected.
    blob : bytes
        The pickled task.
    workers : int
        How many actors at most; they start as work comes in.
    needs : Needs
        What each actor holds.
    grows : bool
        Whether nodes may join, so that it is worth waiting for room that no node has now.
    """

    def __init__(self, ray: Any, blob: bytes, workers: int, needs: Needs, *, grows: bool) -> None:
        self._ray = ray
        self._grows = grows
        self._workers = workers
        self._needs = needs
        # Work has a thread of its own, so that `end` does not wait behind it.
        remote = ray.remote(concurrency_groups={_END_GROUP: 1})(Worker).options(
            num_cpus=needs.cpus,
            num_gpus=needs.gpus,
            max_restarts=0,
            max_task_retries=0,
            scheduling_strategy="SPREAD",
        )
        # A small task travels with the call; of a large one there is one copy for all actors.
        task = blob if len(blob) < INLINE_BYTES else ray.put(blob)
        self._create: Callable[[], Any] = lambda: remote.remote(task, str(Path.cwd()))
        self._actors: list[_Actor] = []
        self._queue: deque[_Work] = deque()
        self._suspect: _Work | None = None
        self._events: SimpleQueue[tuple[_Actor, Future[Any]]] = SimpleQueue()
        self._failed_starts = 0
        self._chunk_seconds = 0.0
        self._waiting_since = self._began = time.monotonic()
        self._done: dict[str, int] = {}

    # The session

    def submit(self, chunk: Sequence[Keyed]) -> _Handle:
        """Queue a chunk."""
        work = _Work(list(chunk))
        self._queue.append(work)
        self._poll(block=False)
        return _Handle(self, work)

    def run_alone(self, item: Keyed) -> Outcome[Any]:
        """Run one item on an actor that has nothing else."""
        work = self._suspect = _Work([item])
        try:
            return self.wait_for(work)[0]
        finally:
            self._suspect = None

    def wait_for(self, work: _Work) -> list[Outcome[Any]]:
        """Hand out and collect work until this one is over."""
        while not work.over:
            self._poll(block=True)
        if work.outcomes is None:
            raise WorkerDied
        return work.outcomes

    def rates(self) -> Mapping[str, float]:
        """Return items a second since the first actor was ready, by node."""
        seconds = max(time.monotonic() - self._began, 1e-9)
        return {node: count / seconds for node, count in sorted(self._done.items())}

    def close(self) -> None:
        """End all actors, and wait until they write no more.

        Ray calls an actor dead as soon as it is asked to kill it, while its process goes on. So
        each one ends itself, and only the connection that breaks is proof. One that never began
        has nothing to write, one that does not answer is killed.
        """
        last = [
            actor.handle.end.options(concurrency_group=_END_GROUP).remote()
            for actor in self._actors
            if actor.node is not None
        ]
        if last:
            self._ray.wait(last, num_returns=len(last), timeout=END_SECONDS)
        for actor in self._actors:
            self._ray.kill(actor.handle)
        self._actors.clear()

    # Handing out

    def _poll(self, *, block: bool) -> None:
        """Take in what has happened, and give idle actors work."""
        self._hand_out()
        try:
            self._take_in(*self._events.get(block, POLL_SECONDS if block else None))
            while True:
                self._take_in(*self._events.get_nowait())
        except Empty:
            if block:
                self._check_room()
        self._hand_out()

    def _hand_out(self) -> None:
        waiting = len(self._queue) + (self._suspect is not None)
        idle = sum(not actor.work for actor in self._actors)
        while len(self._actors) < self._workers and idle < waiting:
            self._start()
            idle += 1
        ready = [actor for actor in self._actors if actor.node is not None]
        if self._suspect is not None and not self._is_sent(self._suspect):
            # The one that is soonest done is kept free for it.
            kept = min(ready, key=lambda actor: len(actor.work), default=None)
            if kept is not None:
                ready.remove(kept)
                if not kept.work:
                    self._send(kept, self._suspect)
        elif self._suspect is not None:
            ready = [a for a in ready if all(work is not self._suspect for work, _ in a.work)]
        for level in range(1 if self._chunk_seconds > LONG_CHUNK_SECONDS else 2):
            for actor in ready:
                if self._queue and len(actor.work) == level:
                    self._send(actor, self._queue.popleft())

    def _is_sent(self, work: _Work) -> bool:
        return work.over or any(work is sent for actor in self._actors for sent, _ in actor.work)

    def _start(self) -> None:
        actor = _Actor(self._create())
        self._actors.append(actor)
        self._watch(actor, actor.handle.node.remote())

    def _send(self, actor: _Actor, work: _Work) -> None:
        actor.work.append((work, self._watch(actor, actor.handle.run.remote(work.items))))

    def _watch(self, actor: _Actor, reference: Any) -> Future[Any]:
        future: Future[Any] = reference.future()
        future.add_done_callback(lambda done: self._events.put((actor, done)))
        return future

    # Taking in

    def _take_in(self, actor: _Actor, future: Future[Any]) -> None:
        if actor.gone:
            return
        self._waiting_since = time.monotonic()
        try:
            result = future.result()
        except self._ray.exceptions.RayActorError as error:
            self._bury(actor, error)
            return
        except self._ray.exceptions.RayTaskError as error:
            raise EngineError(f"engine ray: a worker failed ({described(error)[:500]})") from error
        except self._ray.exceptions.RayError:
            # The outcomes were lost on their way (the node that held them is gone).
            self._again([work for work, sent in actor.work if sent is future])
            self._drop(actor, future)
            return
        if isinstance(result, DatakitError):
            raise result
        if isinstance(result, ActorNode):
            self._welcome(actor, result)
            return
        work = next(work for work, sent in actor.work if sent is future)
        self._drop(actor, future)
        node = actor.node.name if actor.node else ""
        work.outcomes = [replace(outcome, node=node) for outcome in result]
        self._done[node] = self._done.get(node, 0) + len(result)
        self._chunk_seconds = sum(outcome.seconds for outcome in result)

    def _drop(self, actor: _Actor, future: Future[Any]) -> None:
        actor.work = deque(pair for pair in actor.work if pair[1] is not future)

    def _welcome(self, actor: _Actor, node: ActorNode) -> None:
        if node.version != __version__:
            raise EngineError(
                f"node {node.name}: expected datakit {__version__}, found {node.version}; "
                "install the same version on all nodes"
            )
        if not any(each.node for each in self._actors):
            self._began = time.monotonic()
        actor.node = node
        self._failed_starts = 0

    def _bury(self, actor: _Actor, error: Any) -> None:
        """Take a dead actor out; what it was at is suspected, what it had not begun goes on."""
        # Results that came before the death.
        for _, future in list(actor.work):
            if future.done() and future.exception() is None:
                self._take_in(actor, future)
        actor.gone = True
        self._actors.remove(actor)
        # An actor that is only out of reach must not go on writing beside its successor.
        self._ray.kill(actor.handle)
        node_is_gone = actor.node is not None and not self._is_alive(actor.node.id)
        if actor.node is None:
            self._note_failed_start(error)
        works = [work for work, _ in actor.work]
        if works and not node_is_gone:
            works.pop(0).died = True
        self._again(works)

    def _again(self, works: Sequence[_Work]) -> None:
        """Hand out work once more that was lost through no fault of its own."""
        for work in reversed(works):
            work.losses += 1
            if work.losses > LOSSES:
                work.died = True
            elif work is not self._suspect:
                self._queue.appendleft(work)

    def _is_alive(self, node: str) -> bool:
        return any(each["NodeID"] == node and each["Alive"] for each in self._ray.nodes())

    def _note_failed_start(self, error: Any) -> None:
        if error.actor_init_failed:
            raise EngineError(
                "engine ray: a worker cannot be made; datakit and its extras must be installed on "
                f"every node ({described(error)[-300:]})"
            )
        self._failed_starts += 1
        if self._failed_starts >= STARTS * max(1, len(self._actors)):
            raise EngineError("worker processes end before they start; see Ray's logs on the nodes")

    def _check_room(self) -> None:
        """Give up when no actor is placed; Ray itself would wait for ever."""
        if any(actor.node is not None for actor in self._actors):
            return
        total = self._ray.cluster_resources()
        needs = self._needs
        fits = total.get("CPU", 0.0) >= needs.cpus and total.get("GPU", 0.0) >= needs.gpus
        waited = time.monotonic() - self._waiting_since
        if waited > PATIENCE_SECONDS or not (fits or self._grows):
            free = self._ray.available_resources()
            raise EngineError(
                f"the cluster has no room for a worker with {needs.cpus:g} CPUs and "
                f"{needs.gpus:g} GPUs (it has {total.get('CPU', 0):g} CPUs, {free.get('CPU', 0):g} "
                f"free, and {total.get('GPU', 0):g} GPUs, {free.get('GPU', 0):g} free); "
                "wait for other work to end, or add nodes"
            )


class _Handle:
    """A chunk under way."""

    def __init__(self, actors: Actors, work: _Work) -> None:
        self._actors = actors
        self._work = work

    def result(self) -> list[Outcome[Any]]:
        return self._actors.wait_for(self._work)
