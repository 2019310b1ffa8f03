"""A real Label Studio in an environment of its own, and its HTTP API."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

PACKAGE = "label-studio>=1.20,<2"
TOKEN = "0123456789abcdef0123456789abcdef01234567"
START_SECONDS = 900
"""Its first start fills a database, which takes minutes on a machine with other work."""

_UNREACHABLE = ("No matching distribution", "Temporary failure", "ConnectionError", "ProxyError")


@dataclass(frozen=True)
class LabelStudio:
    """A running server.

    Attributes
    ----------
    address : str
        ``http://127.0.0.1:PORT``.
    """

    address: str

    def fetch(self, path: str, body: object = None, method: str | None = None) -> bytes:
        """Return what the server answers; HTTPError when it refuses."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Token {TOKEN}", "Content-Type": "application/json"}
        with urlopen(Request(self.address + path, data, headers, method=method)) as answer:
            return answer.read()

    def call(self, path: str, body: object = None, method: str | None = None) -> Any:
        """Return what the server answers in JSON."""
        return json.loads(self.fetch(path, body, method))

    def tasks(self, project: int) -> list[dict[str, Any]]:
        """Return a project's tasks with their annotations and predictions."""
        return self.call(f"/api/tasks?project={project}&fields=all")["tasks"]

    def accept_predictions(self, project: int) -> None:
        """Make an annotation of every prediction, as the button of that name does."""
        chosen = {
            "selectedItems": {"all": True, "excluded": []},
            "filters": {"conjunction": "and", "items": []},
        }
        self.call(f"/api/dm/actions?id=predictions_to_annotations&project={project}", chosen)

    def export(self, project: int, kind: str, path: Path) -> Path:
        """Write an export of a project to a file."""
        query = f"exportType={kind}&download_all_tasks=true"
        path.write_bytes(self.fetch(f"/api/projects/{project}/export?{query}"))
        return path


def install(folder: Path) -> Path:
    """Return the command ``label-studio`` of a new environment; skip when PyPI is out of reach."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    command = [str(folder / "bin/pip"), "install", "--quiet", PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if any(words in done.stderr for words in _UNREACHABLE) and done.returncode:
        pytest.skip(f"PyPI is not reachable: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return folder / "bin/label-studio"


@contextmanager
def serving(program: Path, data: Path, documents: Path) -> Iterator[LabelStudio]:
    """Run a server that serves the files below ``documents``, its database in ``data``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data.mkdir()
    environment = os.environ | {
        "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
        "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(documents),
        "LABEL_STUDIO_BASE_DATA_DIR": str(data),
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "LATEST_VERSION_CHECK": "false",
        "COLLECT_ANALYTICS": "false",
    }
    # What this environment finds is not what the server's own should find.
    environment.pop("PYTHONPATH", None)
    user = ["--username", "a@example.com", "--password", "never-used-1", "--user-token", TOKEN]
    command = [str(program), "start", "--no-browser", "--port", str(port), *user]
    with (data / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        found = LabelStudio(f"http://127.0.0.1:{port}")
        _wait(found, process, data / "log")
        yield found
    finally:
        process.terminate()
        process.wait(60)


def _wait(server: LabelStudio, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            server.fetch("/health")
        except (URLError, ConnectionError):
            time.sleep(1)
        else:
            return
    raise AssertionError(f"no answer in {START_SECONDS} s: {log.read_text()[-2000:]}")
