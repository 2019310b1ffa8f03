"""``weights``: the table, the cache, and the one thing that downloads."""

from __future__ import annotations

import hashlib
import http.server
import os
import pickle
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

import datakit
from datakit.cli.main import app
from datakit.errors import InputError, ModelError
from datakit.models.weights import known
from datakit.models.weights.provenance import (
    WEIGHTS_VARIABLE,
    Download,
    Weights,
    cache_folder,
)

DATA = b"\x08\x07" + b"not a real graph, but published" * 40
SHA256 = hashlib.sha256(DATA).hexdigest()
SAFETENSORS = (
    (64).to_bytes(8, "little")
    + b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'.ljust(64)
    + b"\0\0\0\0"
)


class Server(http.server.ThreadingHTTPServer):
    answers: dict[str, bytes]
    asked: list[str]


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        body = self.server.answers.get(self.path)
        if body is None:
            self.send_error(404)
            return
        self.send_response(200)
        # A server that promises more than it sends is one that broke off.
        extra = 100 if self.path == "/broken" else 0
        self.send_header("Content-Length", str(len(body) + extra))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(WEIGHTS_VARIABLE, raising=False)
    return cache_folder()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch):
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = Server(("127.0.0.1", 0), Handler)
    made.answers, made.asked = {}, []
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def published(server: Server, monkeypatch: pytest.MonkeyPatch, path: str = "/w.onnx") -> None:
    """Put weights into the table whose address is the server."""
    url = f"http://127.0.0.1:{server.server_address[1]}{path}"
    weights = Weights(
        name="w",
        file_names=("w.onnx",),
        sha256={SHA256: "of the test"},
        licence="CC-BY-NC-4.0",
        source="https://example.org",
        downloads=(Download(url, SHA256, len(DATA), "w.onnx"),),
        noncommercial=True,
    )
    monkeypatch.setattr(known, "U2NETP", weights)


def test_the_table_names_everything(cache: Path) -> None:
    rows = {row.name: row for row in datakit.weights().weights}
    assert rows["u2net"].licence == "Apache-2.0"
    assert rows["u2net"].path is None
    assert str(rows["u2net"].download).startswith("https://")
    assert rows["rmbg-1.4"].noncommercial
    assert set(rows) >= set(known.KNOWN_WEIGHTS)


def test_every_download_is_of_a_known_release() -> None:
    for name in known.KNOWN_WEIGHTS:
        weights = known.KNOWN_WEIGHTS.load(name)
        for download in weights.downloads:
            assert download.url.startswith("https://")
            assert download.sha256 in weights.sha256
            assert download.file_name in weights.file_names
            assert download.size_bytes > 100_000


def test_pull_keeps_what_was_published(cache, server, monkeypatch) -> None:
    published(server, monkeypatch)
    server.answers["/w.onnx"] = DATA
    report = datakit.weights(action="pull", subject="u2netp")
    assert (cache / "w.onnx").read_bytes() == DATA
    (row,) = report.weights
    assert row.noncommercial
    assert row.sha256 == SHA256
    assert [path.name for path in cache.iterdir()] == ["w.onnx"]
    again = datakit.weights(action="pull", subject="u2netp")
    assert "already" in again.note
    assert server.asked == ["/w.onnx"]


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/w.onnx", DATA[:-1], "found 1,2"),
        ("/w.onnx", DATA[:-1] + b"x", "the file was changed"),
        ("/w.onnx", DATA + b"x" * 5_000_000, "found more"),
        ("/w.onnx", b"<!DOCTYPE html>", "expected"),
        ("/missing", None, "Not Found"),
        ("/broken", DATA, "127.0.0.1"),
    ],
)
def test_pull_keeps_nothing_else(cache, server, monkeypatch, path, body, words) -> None:
    published(server, monkeypatch, path)
    if body is not None:
        server.answers[path] = body
    if path == "/broken":
        # All bytes came, and the connection closed early: the digest decides.
        datakit.weights(action="pull", subject="u2netp")
        assert (cache / "w.onnx").read_bytes() == DATA
        return
    with pytest.raises(InputError, match=words):
        datakit.weights(action="pull", subject="u2netp")
    assert not cache.exists() or not list(cache.iterdir())


def test_pull_without_a_server_says_so(cache, server, monkeypatch) -> None:
    published(server, monkeypatch)
    weights = known.U2NETP
    for url, words in (
        ("http://127.0.0.1:1/w.onnx", "weights add"),
        ("file:///etc/passwd", "https"),
    ):
        changed = Download(url, SHA256, len(DATA), "w.onnx")
        monkeypatch.setattr(known, "U2NETP", replaced(weights, changed))
        with pytest.raises(InputError, match=words):
            datakit.weights(action="pull", subject="u2netp")


def replaced(weights: Weights, download: Download) -> Weights:
    from dataclasses import replace

    return replace(weights, downloads=(download,))


def test_what_has_no_address_names_the_way_out(cache) -> None:
    with pytest.raises(InputError, match=r"datakit\[faces\]"):
        datakit.weights(action="pull", subject="centerface")
    with pytest.raises(InputError, match="they come with datakit"):
        datakit.weights(action="pull", subject="mediapipe-selfie")
    with pytest.raises(InputError, match="choose one of"):
        datakit.weights(action="pull", subject="u3net")


def test_known_weights_get_their_usual_name(cache, server, monkeypatch, tmp_path) -> None:
    published(server, monkeypatch)
    (tmp_path / "renamed.bin").write_bytes(DATA)
    report = datakit.weights(action="add", subject=tmp_path / "renamed.bin")
    assert report.weights[0].path == str(cache / "w.onnx")
    assert datakit.weights(action="path", subject="u2netp").weights[0].sha256 == SHA256


def test_own_weights_need_a_licence_and_keep_it(cache, tmp_path) -> None:
    file = tmp_path / "mine.safetensors"
    file.write_bytes(SAFETENSORS)
    with pytest.raises(InputError, match="--licence"):
        datakit.weights(action="add", subject=file)
    datakit.weights(action="add", subject=file, licence="CC-BY-NC-SA-4.0", source="my desk")
    (row,) = [r for r in datakit.weights().weights if r.name == "mine.safetensors"]
    assert row.noncommercial
    assert (row.licence, row.source) == ("CC-BY-NC-SA-4.0", "my desk")
    found = datakit.weights(action="path", subject="mine.safetensors").weights[0]
    assert found.path == str(cache / "mine.safetensors")
    file.write_bytes(SAFETENSORS[:-1] + b"1")
    with pytest.raises(InputError, match="rename"):
        datakit.weights(action="add", subject=file, licence="MIT")
    with pytest.raises(InputError, match="expected one of"):
        datakit.weights(action="path", subject="../../mine.safetensors")


def test_a_damaged_note_is_named(cache, tmp_path) -> None:
    file = tmp_path / "mine.safetensors"
    file.write_bytes(SAFETENSORS)
    datakit.weights(action="add", subject=file, licence="MIT")
    (note,) = cache.glob("*.json")
    note.write_text("{")
    with pytest.raises(ModelError, match="weights add"):
        datakit.weights()


def test_what_is_no_weights_is_refused(cache, tmp_path, shared_data) -> None:
    files = sorted((shared_data / "weights/negative_fake_weights").glob("*.*"))
    files = [file for file in files if file.suffix != ".md"]
    assert len(files) == 6
    (tmp_path / "code.pth").write_bytes(pickle.dumps(print))
    for file in (*files, tmp_path / "code.pth"):
        with pytest.raises(ModelError, match="expected"):
            datakit.weights(action="add", subject=file, licence="MIT")
    assert not cache.exists() or not list(cache.iterdir())


def test_a_pipe_is_not_waited_for(cache, tmp_path, sample_data) -> None:
    os.mkfifo(tmp_path / "pipe.pth")
    with pytest.raises(InputError, match="expected a file of weights, found something else"):
        datakit.weights(action="add", subject=tmp_path / "pipe.pth", licence="MIT")
    with pytest.raises(InputError, match="expected a file, found something else"):
        datakit.train(sample_data / "portraits", tmp_path / "out", weights=tmp_path / "pipe.pth")


def test_the_command_line(cache, tmp_path) -> None:
    def call(*words: object):
        return CliRunner().invoke(app, ["weights", *map(str, words)])

    file = tmp_path / "mine.safetensors"
    file.write_bytes(SAFETENSORS)
    assert call("add", file, "--licence", "MIT").exit_code == 0
    assert call("path", "mine.safetensors").stdout.strip() == str(cache / "mine.safetensors")
    listed = call("list")
    assert listed.exit_code == 0
    assert "mine.safetensors\tMIT\t" in listed.stdout
    assert "rmbg-1.4\tLicenseRef-BRIA-RMBG-1.4 (NonCommercial)" in listed.stdout
    for words in (["add"], ["pull"], ["list", "x"], ["lose", "x"], ["path", "none"]):
        refused = call(*words)
        assert refused.exit_code == 2, words
        assert "Error: " in refused.stderr
    assert call("path", "u2netp", "--licence", "MIT").exit_code == 2
