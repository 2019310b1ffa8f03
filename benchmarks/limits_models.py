"""Floors of `limits_floors.py` for the verbs that a model or the metrics' own work dominates."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path


def qc(source: Path, out: Path) -> None:
    """Decode, and run every check's measurement."""
    from limits_floors import portraits

    from datakit.checks import all_checks
    from datakit.checks.base import StoredFile, Subject
    from datakit.checks.judge import measure
    from datakit.io.pixels import images
    from datakit.io.pixels.decoders import decode_photo, decode_stored

    names = list(all_checks())
    for name, photo, label, alpha in portraits(source):
        files = StoredFile(images.probe(photo, name)), StoredFile(images.probe(alpha, label))
        measure(Subject(name, decode_photo(photo), decode_stored(alpha, label), *files), names)


def evaluate(source: Path, out: Path, other: Path) -> None:
    """Decode both alphas, compute the matting errors, SSIM and the masks' scores."""
    from limits_floors import portraits

    from datakit.core.metrics.mask_metrics import mask_scores
    from datakit.core.metrics.matting_metrics import matting_errors
    from datakit.core.metrics.ssim import ssim
    from datakit.io.pixels.decoders import decode_alpha

    pairs = zip(portraits(source), portraits(other), strict=True)
    for (*_, predicted), (*_, true) in pairs:
        pred, gt = decode_alpha(predicted), decode_alpha(true)
        matting_errors(pred, gt, None, "dim", None)
        ssim(pred, gt)
        mask_scores(pred > 0.5, gt > 0.5)


def augment(source: Path, out: Path) -> None:
    """The bare Albumentations loop of `augment.py`, with the generators that datakit draws from."""
    import random

    from augment import bare_loop

    from datakit.core.images.randomness import derive_rng

    draws = {}
    for photo in sorted((source / "train/images").iterdir()):
        rng = derive_rng(0, f"train/{photo.name}", 0, 0)
        draws[f"train/{photo.name}"] = [(rng, random.Random(int(rng.integers(2**63))))]
    bare_loop(source, out, draws)


def prelabel(source: Path, out: Path) -> None:
    """Decode, run selfie segmentation, clean the map, encode label and mask."""
    from limits_floors import Manifest, save

    from datakit.io.pixels.decoders import decode_photo
    from datakit.io.pixels.images import encode_png
    from datakit.verbs.prelabel.drafts import Cleaning, ModelOutputs, make_label
    from datakit.verbs.prelabel.models import build_model, settings_of
    from datakit.verbs.prelabel.task import outlined_mask

    model = build_model("mediapipe-selfie", settings_of("mediapipe-selfie", "default", {}))
    manifest = Manifest(out)
    for path in sorted(source.iterdir()):
        photo = path.read_bytes()
        image = decode_photo(photo)
        outputs = ModelOutputs(model.segment([image], None)[0])
        label = make_label(image, outputs, Cleaning(refine=True), 8)
        outlined_mask(label.mask, "rle")
        save(out / "images" / path.name, photo)
        for kind, pixels in (("masks", label.mask), ("alphas", label.alpha)):
            save(out / kind / f"{path.stem}.png", encode_png(pixels))
        if label.raw is not None:
            save(out / "probabilities" / f"{path.stem}.png", encode_png(label.raw))
        manifest.add(file_name=path.name, sha256=hashlib.sha256(photo).hexdigest())
    manifest.write()


def anonymize(source: Path, out: Path) -> None:
    """Find, mask, blur, look again; the result is encoded as the photo was."""
    from limits_floors import Manifest, save

    from datakit.io.pixels.decoders import decode_photo
    from datakit.io.pixels.photos import encode_photo, photo_form
    from datakit.models.faces.base import FACE_DETECTORS
    from datakit.models.faces.finder import FaceFinder
    from datakit.models.faces.masks import FaceMasker
    from datakit.models.faces.mediapipe import MediapipeDetector, MediapipeMesh
    from datakit.models.segmenters.selfie import SelfieMatte
    from datakit.verbs.anonymize.face_hiding import FaceHider, Hiding
    from datakit.verbs.anonymize.options import DETECTORS
    from datakit.verbs.anonymize.task import WIDE_ELLIPSE_GROWTH, WIDE_REGION

    mesh = MediapipeMesh()
    hider = FaceHider(
        FaceFinder([FACE_DETECTORS.load(name)(None, ()) for name in DETECTORS]),
        FaceMasker(mesh, "oval"),
        FaceMasker(mesh, WIDE_REGION, WIDE_ELLIPSE_GROWTH),
        MediapipeDetector(0.5),
        SelfieMatte(),
        Hiding(),
    )
    manifest = Manifest(out)
    for path in sorted(source.iterdir()):
        photo = path.read_bytes()
        form = photo_form(photo, path.name, "keep")
        hidden = hider.hide(decode_photo(photo, path.name, colours=form.colours))
        if not hidden.reasons:
            save(out / "images" / path.name, encode_photo(hidden.image, form))
        manifest.add(file_name=path.name, sha256=hashlib.sha256(photo).hexdigest())
    manifest.write()


def inpaint(source: Path, out: Path) -> None:
    """Fill the region of the alpha, look for people in the plate, encode."""
    import numpy as np
    from limits_floors import Manifest, portraits, save

    from datakit.core.images.randomness import derive_rng
    from datakit.core.inpainting.region import grown, visible
    from datakit.io.pixels.decoders import decode_alpha, decode_photo
    from datakit.io.pixels.images import encode_png
    from datakit.models.inpainting.base import build
    from datakit.models.segmenters.base import Settings
    from datakit.verbs.inpaint.people import PeopleCheck
    from datakit.verbs.inpaint.removal import KNOWN_GROWTH

    model, people = build("exemplar", Settings()), PeopleCheck()
    manifest = Manifest(out)
    for name, photo, label, alpha in portraits(source):
        image = decode_photo(photo)
        region = grown(visible(decode_alpha(alpha)), KNOWN_GROWTH * max(image.shape[:2]))
        plate = model.fill(image, region, derive_rng(0, f"train/{Path(name).name}", 0))
        people.reasons(plate)
        save(out / "plates" / label, encode_png(plate))
        save(out / "regions" / label, encode_png(region.astype(np.uint8) * 255))
        manifest.add(file_name=name, sha256=hashlib.sha256(photo).hexdigest())
    manifest.write()


def train(source: Path, out: Path) -> None:
    """One epoch of 64x64 pictures; those held out are scored before and after it."""
    import numpy as np
    import torch
    from limits_floors import portraits

    from datakit.core.images.resizing import Resizing
    from datakit.io.pixels.decoders import decode_alpha, decode_photo
    from datakit.training.losses import PortraitLoss
    from datakit.training.networks import NetworkSpec, logits_of

    def pictures(batch: list[tuple[np.ndarray, np.ndarray]], which: int) -> torch.Tensor:
        stacked = torch.from_numpy(np.stack([pair[which] for pair in batch]))
        return stacked[:, None] if which else stacked.permute(0, 3, 1, 2).contiguous() / 255

    small = []
    for _, photo, _, alpha in portraits(source):
        image = decode_photo(photo).astype(np.float32)
        shrink = Resizing((image.shape[1], image.shape[0]), (64, 64), "stretch")
        small.append((shrink.alpha(image), shrink.alpha(decode_alpha(alpha))))
    held = small[: max(1, len(small) // 5)]
    shown = small[len(held) :]
    network, loss = NetworkSpec("unet", 64).build(0), PortraitLoss()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)

    def score() -> None:
        with torch.no_grad():
            for pair in held:
                logits_of(network.eval(), pictures([pair], 0), "unet")

    score()
    for begin in range(0, len(shown), 8):
        batch = shown[begin : begin + 8]
        maps = logits_of(network.train(), pictures(batch, 0), "unet")
        optimizer.zero_grad()
        loss(maps, pictures(batch, 1))["total"].backward()
        optimizer.step()
    score()
    torch.save(network.state_dict(), out / "model.pt")


HEAVY: dict[str, Callable[..., None]] = {
    "qc": qc,
    "eval": evaluate,
    "augment": augment,
    "prelabel": prelabel,
    "anonymize": anonymize,
    "inpaint": inpaint,
    "train": train,
}
