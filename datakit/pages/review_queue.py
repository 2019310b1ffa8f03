"""The review queue: the samples, their pictures, and their decisions."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import msgspec
import numpy as np

from datakit.core.drafts.unsure_places import unsure_places
from datakit.core.interactive.prompted import Answer
from datakit.core.matting.brush import Layer, marked, over, touched
from datakit.errors import InputError
from datakit.io.dataset.decisions import DecisionLog, now, read_edit
from datakit.io.layouts.base import Item
from datakit.io.pixels import images
from datakit.io.pixels.decoders import decode_photo
from datakit.io.store.files import FileRef
from datakit.models.prediction import Map
from datakit.models.segmenters.promptable import PromptableSegmenter
from datakit.pages import mask_overlay
from datakit.pages.person_maps import PersonMaps
from datakit.pages.review_labels import ReviewLabels, coverage_of, size_wh_of, with_layer
from datakit.pages.review_list import ReviewList, state_of
from datakit.pages.subject import Subject, with_objects
from datakit.pages.thumbnails import Thumbnails
from datakit.pages.tool_use import ToolUse, Worked
from datakit.pages.workbench import Bench, Workbench
from datakit.records.review import Decision, Seconds, ToolModel, Verdict

_SHOWN_AS_THEY_ARE = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_NOTE = 2000
_HALF = 128


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page asks to be written down; what it does not name stays as it is."""

    id: str
    verdict: Verdict | msgspec.UnsetType | None = msgspec.UNSET
    note: str | msgspec.UnsetType = msgspec.UNSET
    edit: str | msgspec.UnsetType | None = msgspec.UNSET
    objects: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    models: tuple[ToolModel, ...] | msgspec.UnsetType = msgspec.UNSET
    seconds: Seconds | msgspec.UnsetType | None = msgspec.UNSET


class ReviewQueue:
    """Everything that the server knows; safe to use from several threads.

    Parameters
    ----------
    subjects : sequence of Subject
    details : callable
        Subject -> what the page shows beside it, as JSON values.
    log : DecisionLog
        Where decisions go.
    thumbnails : Thumbnails
    reviewer : str
        Whose decisions they are; written into each.
    segmenter : PromptableSegmenter, optional
        Answers clicks, boxes and lassos.
    people : PersonMaps, optional
        Says where people are, where no segmenter answers.
    hide : callable, optional
        A photo that waits -> JPEG of it with its faces hidden.

    Attributes
    ----------
    subjects : sequence of Subject
    labels : ReviewLabels
    """

    def __init__(
        self,
        subjects: Sequence[Subject],
        details: Callable[[Subject], Mapping[str, Any]],
        log: DecisionLog,
        thumbnails: Thumbnails,
        reviewer: str = "",
        segmenter: PromptableSegmenter | None = None,
        people: PersonMaps | None = None,
        hide: Callable[[Item], bytes] | None = None,
    ) -> None:
        self.subjects = subjects
        self._details = details
        self._log = log
        self._thumbnails = thumbnails
        self._reviewer = reviewer
        self._hide = hide
        self._places = {subject.id: at for at, subject in enumerate(subjects)}
        self._list = ReviewList(subjects, hides=hide is not None)
        self._digests: dict[str, str] = {}
        self._mutex = threading.Lock()
        self.labels = ReviewLabels(log)
        self._workbench = Workbench(self._read_bench, segmenter, people)

    def queue(self) -> bytes:
        """Return the list of all subjects as JSON, column by column, with where each stands."""
        return self._list.json(self._log.all(), self._log.folder)

    def subject(self, at: int) -> Subject:
        """Return a subject by its place; InputError for a place that there is not."""
        if not 0 <= at < len(self.subjects):
            raise InputError(f"sample {at}: expected a number below {len(self.subjects)}")
        return self.subjects[at]

    def details(self, at: int) -> bytes:
        """Return what is known of a subject, with what can be painted on it, as JSON."""
        subject = self.subject(at)
        palette = [
            {**asdict(paint), "colour": mask_overlay.colour_of(paint.value)}
            for paint in with_objects(subject.palette, self._latest(subject.id).objects)
        ]
        known = {**self._details(subject), "palette": palette}
        if "draft" in known and subject.label_kind:
            coverage = coverage_of(subject, subject.labelled)
            known["places"] = unsure_places(coverage, known["draft"]["missing_hand"])
        return msgspec.json.encode(known)

    def image(self, at: int) -> tuple[bytes, str]:
        """Return a picture's bytes and media type; formats that browsers lack come as PNG."""
        return _shown_by_browsers(self._image_ref(at))

    def counterpart(self, at: int) -> tuple[bytes, str]:
        """Return the other side of `anonymize`, as above.

        That of a photo that waits is the photo with its faces hidden; that of a sample is the
        photo before.
        """
        subject = self.subject(at)
        if subject.original is not None and subject.waiting and self._hide is not None:
            return self._hide(subject.original), "image/jpeg"
        if subject.original is None or subject.original.image is None or subject.waiting:
            raise InputError(f"{subject.id}: no picture from before or after anonymize to show")
        return _shown_by_browsers(subject.original.image)

    def thumbnail(self, at: int) -> bytes:
        """Return a small JPEG; only a dataset's own pictures leave one on the disk."""
        subject = self.subject(at)
        small, digest = self._thumbnails.get(self._image_ref(at), keep=not subject.waiting)
        self._digests[subject.id] = digest
        return small

    def decide(self, ask: Ask) -> dict[str, Any]:
        """Write down a decision; return where the sample stands now.

        Raises
        ------
        InputError
            If there is no such sample, or no such edit.
        OutputError
            If it cannot be written.
        """
        subject = self._known(ask.id)
        if isinstance(ask.edit, str):
            read_edit(self._log.folder, ask.edit)
        asked = msgspec.structs.asdict(ask)
        with self._mutex:
            changes = {name: value for name, value in asked.items() if value is not msgspec.UNSET}
            return self._write(subject, **changes)

    def paint(
        self, key: str, png: bytes, at_xy: tuple[int, int], mark: int = 0, class_name: str = ""
    ) -> dict[str, Any]:
        """Lay a stroke over what was painted before, keep it, and write it down.

        Parameters
        ----------
        key : str
            The sample.
        png, at_xy : bytes, tuple of int
            The stroke, and where its upper left corner lies.
        mark : int
            What it says of the mask; see `datakit.core.matting.brush.Layer`.
        class_name : str
            With a mark that no object has yet: the new object's class.

        Raises
        ------
        InputError
            If there is no such sample, it has no label, or the stroke does not fit on it.
        OutputError
            If it cannot be written.
        """
        subject = self._known(key)
        if not subject.label_kind:
            raise InputError(f"{key}: expected a label to paint on, found none")
        size_wh = size_wh_of(coverage_of(subject, subject.labelled))
        stroke = marked(mask_overlay.read_layer(png, size_wh, at_xy), mark)
        with self._mutex:
            latest = self._latest(key)
            if latest.edit:
                stroke = over(self.labels.layer(latest.edit, size_wh), stroke)
            edit = self.labels.keep(stroke)
            objects = _with_object(latest, mark, class_name)
            return self._write(subject, edit=edit, objects=objects)

    def use_tool(self, use: ToolUse) -> dict[str, Any]:
        """Use a tool on a sample's label, keep what it changed, and write it down.

        Returns
        -------
        dict
            Where the sample stands, and ``patch``: the part of the label that changed, as base64 of
            a PNG overlay with its place; None when nothing changed.

        Raises
        ------
        InputError
            If there is no such sample, it has no photo or label, or the tool cannot be used so.
        OutputError
            If it cannot be written.
        """
        subject, at = self._known(use.id), self._places[use.id]
        bench = self._workbench.bench(at)
        answer = self._workbench.answer(at) if use.prompts else None
        people = self._workbench.person_map(at) if use.prompts else None
        asked = answer is not None or people is not None
        with self._mutex:
            latest = self._latest(use.id)
            worked, below = self._worked(subject, bench, latest.edit, answer, people)
            layer = _tools()(worked, use)
            patch = _patch(worked.shown, layer)
            if patch is None:
                return {**state_of(latest), "patch": None}
            state = self._write(
                subject,
                edit=self.labels.keep(over(below, layer)),
                objects=_with_object(latest, use.value, use.class_name),
                models=_with_model(latest, self._workbench.model if asked else None),
            )
        return {**state, "patch": patch}

    def preview_repair(self, key: str, repair: str) -> dict[str, Any]:
        """Say what a repair would change, and change nothing.

        Returns
        -------
        dict
            ``patch`` as above, ``more`` and ``less``: how many pixels the subject would win, lose.

        Raises
        ------
        InputError
            If there is no such sample or repair, or the sample has no photo or label.
        """
        subject = self._known(key)
        bench = self._workbench.bench(self._places[key])
        worked, _ = self._worked(subject, bench, self._latest(key).edit)
        layer = _tools()(worked, ToolUse(id=key, repair=repair))
        wins = (layer[..., 1] > 0) & (layer[..., 0] >= _HALF)
        loses = (layer[..., 1] > 0) & ~wins
        return {
            "patch": _patch(worked.shown, layer),
            "more": int(np.count_nonzero(wins)),
            "less": int(np.count_nonzero(loses)),
        }

    def _worked(
        self,
        subject: Subject,
        bench: Bench,
        edit: str | None,
        answer: Answer | None = None,
        people: Map | None = None,
    ) -> tuple[Worked, Layer]:
        """Return what a tool works on, and the layer of the edits before."""
        below, shown = mask_overlay.blank_layer(size_wh_of(bench.draft)), bench.draft
        if edit:
            below = self.labels.layer(edit, size_wh_of(bench.draft))
            shown = with_layer(subject, bench.draft, below)
        is_mask = subject.label_kind == "mask"
        worked = Worked(
            image=bench.image,
            draft=bench.draft,
            shown=shown,
            is_mask=is_mask,
            answer=answer,
            people=people,
        )
        return worked, below

    def prepare(self, places: Sequence[int]) -> None:
        """Decode what tools would work on, and have the model look at it, the first one first."""
        self._workbench.prepare([at for at in places if 0 <= at < len(self.subjects)])

    def close(self) -> None:
        """Prepare nothing more."""
        self._workbench.close()

    def _read_bench(self, at: int) -> Bench:
        subject = self.subject(at)
        if subject.image is None:
            raise InputError(f"{subject.id}: expected a photo to work on, found none")
        # While nobody waits for an answer.
        from datakit.pages.edit_tools import warm_up

        warm_up()
        data = subject.image.read()
        # A first edit need not wait for the thumbnail, which tells the digest too.
        self._digests.setdefault(subject.id, hashlib.sha256(data).hexdigest())
        draft = coverage_of(subject, subject.labelled)
        if edit := self._latest(subject.id).edit:
            self.labels.layer(edit, size_wh_of(draft))
        photo = decode_photo(data, subject.image.name)
        return Bench(photo, draft, tells_apart=bool(subject.palette))

    def _latest(self, key: str) -> Decision:
        return self._log.latest(key) or Decision(id=key, at="")

    def _write(self, subject: Subject, **changes: Any) -> dict[str, Any]:
        if note := changes.get("note"):
            changes["note"] = note[:_NOTE]
        decision = msgspec.structs.replace(
            self._latest(subject.id),
            **changes,
            image=self._digest(subject),
            reviewer=self._reviewer,
            at=now(),
        )
        self._log.add(decision)
        return state_of(decision)

    def _digest(self, subject: Subject) -> str | None:
        if subject.image is None:
            return None
        if subject.id not in self._digests:
            try:
                self.thumbnail(self._places[subject.id])
            except InputError:
                # A picture that cannot be read can still be rejected.
                return None
        return self._digests[subject.id]

    def _known(self, key: str) -> Subject:
        if key not in self._places:
            raise InputError(f"{key}: no such sample in this review")
        return self.subjects[self._places[key]]

    def _image_ref(self, at: int) -> FileRef:
        subject = self.subject(at)
        if subject.image is None:
            raise InputError(f"{subject.id}: no picture to show")
        return subject.image


def _tools() -> Callable[[Worked, ToolUse], Layer]:
    """Return `changed_layer`; SciPy, which it needs, takes longer to import than the whole page."""
    from datakit.pages.edit_tools import changed_layer

    return changed_layer


def _shown_by_browsers(ref: FileRef) -> tuple[bytes, str]:
    data = ref.read()
    kind = _SHOWN_AS_THEY_ARE.get(images.probe(data, ref.name).format)
    if kind:
        return data, kind
    return images.encode_png(decode_photo(data, ref.name)), "image/png"


def _with_object(decision: Decision, mark: int, class_name: str) -> dict[str, str]:
    """Return the objects that a person added, with the one of a mark if it names a class."""
    return {**decision.objects, str(mark): class_name} if class_name else decision.objects


def _patch(shown: mask_overlay.Coverage, layer: Layer) -> dict[str, Any] | None:
    """Return the part of a label that a layer changes, as an overlay with its place."""
    window = touched(layer)
    if not layer[window].size:
        return None
    value, weight, _ = np.moveaxis(layer[window], 2, 0)
    png = mask_overlay.overlay_png(np.where(weight > 0, value, shown[window]))
    return {
        "png": base64.b64encode(png).decode(),
        "x": window[1].start,
        "y": window[0].start,
    }


def _with_model(decision: Decision, model: ToolModel | None) -> tuple[ToolModel, ...]:
    """Return the models that answered for an edit, with one more if it is another."""
    if model is None or model in decision.models:
        return decision.models
    return (*decision.models, model)
