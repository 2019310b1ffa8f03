"""Face embeddings by contract, on a model that knows colours alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="the extra 'prelabel' is not installed")

from datakit.core.faces.detections import Face, FaceDetection
from datakit.errors import ModelError, SchemaError
from datakit.models.embeddings.contract import SHIPPED, read_embedding
from datakit.models.embeddings.face_embedder import FaceEmbedder, check_embedding
from datakit.models.weights.provenance import WEIGHTS_VARIABLE
from tests.models.weight_makers import brightness_onnx, left_half_model, tint_model

POINTS = np.array([[50.0, 50], [70, 50], [60, 60], [52, 70], [68, 70]])
FACE = Face((FaceDetection(np.array([40.0, 30, 80, 80]), POINTS, 0.9, "x"),))
IMAGE = np.full((120, 120, 3), (200, 100, 50), np.uint8)


@pytest.mark.parametrize("axes", ["nhwc", "nchw"])
@pytest.mark.parametrize("alignment", ["eyes", "five-points"])
@pytest.mark.parametrize("batch", [1, "n"])
def test_both_orders_of_axes_and_both_alignments_see_the_face(
    tmp_path: Path, axes: str, alignment: str, batch: int | str
) -> None:
    contract, weights = tint_model(tmp_path, axes, alignment, batch=batch)
    found = FaceEmbedder(contract, [weights]).embed(IMAGE, [FACE, FACE])
    assert found == pytest.approx(np.array([[200, 100, 50]] * 2), abs=1)


def test_a_mirrored_face_has_the_same_vector_where_the_contract_asks_for_it(tmp_path: Path) -> None:
    contract, weights = left_half_model(tmp_path)
    one = np.tile(np.arange(120, dtype=np.uint8)[None, :, None], (120, 1, 3))
    mirrored = np.ascontiguousarray(one[:, ::-1])
    turned = np.array([120.0, 0]) + POINTS[[1, 0, 2, 4, 3]] * [-1, 1]
    twin = Face((FaceDetection(np.array([40.0, 30, 80, 80]), turned, 0.9, "x"),))

    def vectors() -> tuple[float, float]:
        embedder = FaceEmbedder(contract, [weights])
        return embedder.embed(one, [FACE])[0, 0], embedder.embed(mirrored, [twin])[0, 0]

    plain, other = vectors()
    assert abs(plain - other) > 5
    contract.write_text(contract.read_text() + "mirror: true\n")
    same, again = vectors()
    assert same == pytest.approx(again, abs=1)
    assert same == pytest.approx((plain + other) / 2, abs=1)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_contract_without_its_weights_says_what_it_needs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ModelError, match=rf"{name}.*\.onnx.*(weights pull|npmjs)"):
        check_embedding(name, ())


def test_a_model_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    contract, weights = tint_model(tmp_path)
    with pytest.raises(ModelError, match="expected its ONNX file by --face-weights"):
        check_embedding(contract, ())
    text = contract.read_text()
    contract.write_text(text.replace("nhwc", "nchw"))
    with pytest.raises(
        ModelError, match=r"gives one input of shape .*correct input.size or input.layout"
    ):
        FaceEmbedder(contract, [weights])
    contract.write_text(text + "output: 3\n")
    with pytest.raises(ModelError, match="reads output 3, the model has 1"):
        FaceEmbedder(contract, [weights])
    contract.write_text(text.replace("nhwc", "nchw"))
    weights.write_bytes(brightness_onnx((32, 32), batch=1))
    embedder = FaceEmbedder(contract, [weights])
    assert embedder.embed(IMAGE, [FACE]).shape == (1, 2 * 32 * 32)
    weights.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n" * 4)
    with pytest.raises(ModelError, match="Git LFS pointer"):
        FaceEmbedder(contract, [weights])


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("alignment: eyes", "alignment: nose", "alignment"),
        ("[32, 32]", "[32, 64]", "square size"),
        ("threshold: 20", "", "threshold"),
        ("threshold: 20", "threshold: 20\nsecret: 1", "unknown field `secret`"),
    ],
)
def test_faults_of_a_contract_are_named(
    tmp_path: Path, before: str, after: str, words: str
) -> None:
    contract, _ = tint_model(tmp_path)
    contract.write_text(contract.read_text().replace(before, after))
    with pytest.raises(SchemaError, match=words):
        read_embedding(contract)
