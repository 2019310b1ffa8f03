"""Shared fixtures: where the sample data lies, and where real data lies when it is present."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from datakit.io.store.object_store import open_store
from datakit.io.store.storage import location
from tests import object_server
from tests.object_server import Faulty

ROOT = Path(__file__).resolve().parents[1]
# The commands that tests start compile each module once, as where datakit is installed.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How fast examples are made on a busy machine says nothing of the code.
hypothesis.settings.register_profile(
    "any load", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any load")


@pytest.fixture(scope="session")
def sample_data() -> Path:
    return ROOT / "sample_data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real photos, mattes and exports; they are not part of the repository."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"real data is not at {folder}")
    return folder


@pytest.fixture(scope="session")
def storage_sources(sample_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Small local sources for each verb that writes (see tests/storage_cases.py)."""
    from tests.storage_cases import make_sources

    return make_sources(sample_data, tmp_path_factory.mktemp("storage"))


@pytest.fixture(scope="session")
def _s3_server() -> Iterator[tuple[str, Faulty]]:
    pytest.importorskip("s3fs", reason="the extra s3 is not installed")
    pytest.importorskip("moto", reason="moto's server is not installed")
    yield from object_server.serve()


@dataclass(frozen=True)
class Bucket:
    """A bucket of its own for one test, and the faults of the server that has it."""

    url: str
    server: Faulty

    def put(self, folder: Path, name: str) -> str:
        """Upload a local folder; return its URL."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                target = location(f"{self.url}/{name}") / path.relative_to(folder).as_posix()
                target.write_bytes(path.read_bytes())
        return f"{self.url}/{name}"


@pytest.fixture
def bucket(
    _s3_server: tuple[str, Faulty], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Bucket]:
    """An empty bucket on a real S3 server on this machine."""
    url, server = _s3_server
    for name, value in object_server.environment(url).items():
        monkeypatch.setenv(name, value)
    yield _new_bucket(server)
    server.faults.clear()
    server.requests.clear()


@pytest.fixture
def second_bucket(bucket: Bucket) -> Bucket:
    """Another bucket on the same server."""
    return _new_bucket(bucket.server)


def _new_bucket(server: Faulty) -> Bucket:
    name = f"test-{uuid.uuid4().hex[:12]}"
    open_store("s3")._fs.mkdir(name)
    return Bucket(f"s3://{name}", server)


@pytest.fixture(scope="session")
def ray_cluster() -> Any:
    """Two Ray nodes on this machine, which this process has joined."""
    pytest.importorskip("ray")
    from tests.ray_nodes import two_nodes

    return two_nodes()
