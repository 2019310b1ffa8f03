"""The weights that lie inside datakit: MediaPipe's, under the Apache licence."""

from __future__ import annotations

from datakit.models.weights.provenance import Weights


def mediapipe_weights(name: str, file_name: str, sha256: str) -> Weights:
    """Describe a model file of `datakit/models/weights/mediapipe`; its README says whence it is."""
    return Weights(
        name=name,
        file_names=(f"mediapipe/{file_name}",),
        sha256={sha256: "mediapipe 0.10.21"},
        licence="Apache-2.0",
        source="https://pypi.org/project/mediapipe/0.10.21/",
        package="datakit.models.weights",
    )
