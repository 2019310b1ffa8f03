"""Faces as vectors, so that those of one person lie close together."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from datakit.core.faces.alignment import best_member, eyes_square, template_square
from datakit.core.faces.crops import upright_crop
from datakit.core.faces.detections import Face
from datakit.errors import ModelError
from datakit.models.embeddings.contract import EmbeddingContract, read_embedding
from datakit.models.runtimes.contract import to_values
from datakit.models.runtimes.onnx_runner import open_session, run_session
from datakit.models.weights.files import kind_of
from datakit.models.weights.known import KNOWN_WEIGHTS
from datakit.models.weights.provenance import load_weights

Image = npt.NDArray[np.uint8]
Vectors = npt.NDArray[np.float32]


class FaceEmbedder:
    """One ONNX face embedding, on the CPU.

    Parameters
    ----------
    model : str or path
        Name of a shipped contract, or a YAML file.
    weights : sequence of path
        Places to look for the ONNX file: the file itself where the contract names no known one.

    Raises
    ------
    ModelError
        If there is no such contract, or the weights or onnxruntime are missing, damaged or do not
        fit the contract.
    """

    def __init__(self, model: str | Path, weights: Sequence[str | Path] = ()) -> None:
        self.contract, data = _read(model, weights)
        self.sha256 = hashlib.sha256(data).hexdigest()
        name = self.contract.name
        self._session, _ = open_session(data, "cpu", name)
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if not -len(outputs) <= self.contract.output < len(outputs):
            raise ModelError(
                f"{name}: the contract reads output {self.contract.output}, the model has "
                f"{len(outputs)}; correct output"
            )
        wanted = self.contract.input.shape()
        declared = inputs[0].shape if len(inputs) == 1 else ()
        shape = [axis if isinstance(axis, int) else None for axis in declared]
        if len(shape) != 4 or _differ(shape[1:], wanted[1:]):
            raise ModelError(
                f"{name}: the contract gives one input of shape {wanted}, the model takes "
                f"{', '.join(str(tuple(found.shape)) for found in inputs)}; correct input.size or "
                "input.layout"
            )
        self._one_by_one = shape[0] is not None
        self._input = inputs[0].name
        self._output = outputs[self.contract.output].name

    def embed(self, image: Image, faces: Sequence[Face]) -> Vectors:
        """Return (N, D) float32, one vector per face, as the model gives them.

        Parameters
        ----------
        image : (H, W, 3) uint8 RGB
        faces : sequence of Face
            At least one.

        Raises
        ------
        ModelError
            If the model stops, or returns what is no vector of finite numbers per face.
        """
        crops = np.stack([self.crop(image, face) for face in faces])
        vectors = self._vectors(crops)
        if self.contract.mirror:
            vectors = (vectors + self._vectors(crops[:, :, ::-1])) / 2
        if vectors.ndim != 2 or len(vectors) != len(faces) or not np.isfinite(vectors).all():
            raise ModelError(
                f"{self.contract.name}: expected one vector of finite numbers per face, found an "
                f"output of shape {vectors.shape}; correct output in its contract"
            )
        return vectors

    def crop(self, image: Image, face: Face) -> Image:
        """Return the (side, side, 3) uint8 RGB crop of a face, aligned as the contract says."""
        member = best_member(face.members, self.contract.alignment)
        if self.contract.alignment == "eyes":
            square = eyes_square(member, self.contract.scale)
        else:
            square = template_square(member)
        side_px = self.contract.input.size[0]
        return upright_crop(image, square.centre_xy, square.side_px, square.roll_rad, side_px).image

    def _vectors(self, crops: Image) -> Vectors:
        values = to_values(np.ascontiguousarray(crops), self.contract.input)
        parts = np.split(values, len(values)) if self._one_by_one else [values]
        return np.concatenate([self._run(part) for part in parts])

    def _run(self, values: npt.NDArray[np.float32]) -> Vectors:
        feeds = {self._input: values}
        [found] = run_session(self._session, [self._output], feeds, self.contract.name)
        return np.asarray(found, np.float32).reshape(len(values), -1)


def check_embedding(model: str | Path, weights: Sequence[str | Path]) -> EmbeddingContract:
    """Return a contract whose weights are there; else ModelError with what it needs."""
    return _read(model, weights)[0]


def _read(model: str | Path, weights: Sequence[str | Path]) -> tuple[EmbeddingContract, bytes]:
    contract = read_embedding(model)
    if contract.weights is not None:
        return contract, load_weights(KNOWN_WEIGHTS.load(contract.weights), weights).data
    if len(weights) != 1 or not Path(weights[0]).is_file():
        given = ", ".join(map(str, weights)) or "nothing"
        raise ModelError(
            f"{contract.name}: expected its ONNX file by --face-weights FILE, found {given}"
        )
    data = Path(weights[0]).read_bytes()
    if (kind := kind_of(data, str(weights[0]))) != "onnx":
        raise ModelError(f"{weights[0]}: expected an ONNX file, found {kind}")
    return contract, data


def _differ(found: Sequence[Any], wanted: Sequence[object]) -> bool:
    return any(side not in (None, want) for side, want in zip(found, wanted, strict=True))
