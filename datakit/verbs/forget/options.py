"""The options of ``forget``."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

from msgspec import Meta

from datakit.errors import InputError
from datakit.verbs.shared.options import WriteOptions
from datakit.verbs.shared.people_options import PeopleOptions

VERB = "forget"
COMMON = ("out", "photo", "apply", "models")


class Cleared(WriteOptions, frozen=True, kw_only=True):
    """What a dataset's card keeps of ``forget``: nothing that tells what is gone."""


class Options(PeopleOptions, frozen=True, kw_only=True):
    """Options of ``forget``.

    Examples
    --------
    >>> Options(src=("dataset",), photo=("anna.jpg",)).apply
    False
    """

    BYTES_PER_PIXEL: ClassVar[int] = 10

    out: Annotated[
        str, Meta(description="folder for the report; with --apply, also for the datasets")
    ] = ""
    photo: Annotated[
        tuple[str, ...],
        Meta(description="the photo to remove (repeatable)", extra={"input": "path"}),
    ] = ()
    face: Annotated[
        tuple[str, ...],
        Meta(
            description="a photo of the person to remove: all photos with a face like the "
            "largest one in it (repeatable)",
            extra={"input": "path"},
        ),
    ] = ()
    sha256: Annotated[
        tuple[str, ...],
        Meta(
            description="sha256 of such a photo, if the photo itself is not available (repeatable)"
        ),
    ] = ()
    models: Annotated[
        tuple[str, ...],
        Meta(
            description="folders that train wrote: models that learnt from such a sample are named",
            extra={"input": "path"},
        ),
    ] = ()
    apply: Annotated[
        bool, Meta(description="write each dataset without them, as DST/NAME of the dataset")
    ] = False

    sign_key: Annotated[
        str | None,
        Meta(
            description="with --apply, sign the list of what was removed with this OpenSSH key: "
            "removed.jsonl.sig",
            extra={"input": "path"},
        ),
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.photo or self.sha256 or self.face):
            raise InputError(
                "forget: expected what must go: --photo FILE, --face FILE or --sha256 DIGEST"
            )
        if not self.face and (self.face_weights or self.same_person is not None):
            raise InputError("--face-weights and --same-person go with --face")
        for digest in self.sha256:
            if not re.fullmatch("[0-9a-f]{64}", digest):
                raise InputError(f"--sha256 {digest!r}: expected 64 hexadecimal digits (sha256sum)")
        if self.apply and not self.out:
            raise InputError("--apply: expected -o DST, the folder to write the datasets into")
        if self.sign_key is not None and not self.apply:
            raise InputError("--sign-key goes with --apply, which writes the list to sign")
