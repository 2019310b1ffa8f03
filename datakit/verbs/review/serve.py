"""The queue of a review: which samples are in it, in which order, with what is known of them."""

from __future__ import annotations

import secrets
import socket
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from datakit.core.drafts.uncertainty import WORDS
from datakit.errors import InputError
from datakit.io.dataset.decisions import THUMBNAILS, DecisionLog, open_log, read_decisions
from datakit.io.layouts.base import Item
from datakit.io.layouts.sources import open_sources
from datakit.io.store.files import FileRef
from datakit.models.factory import Settings
from datakit.models.segmenters.promptable import PROMPTABLE, PromptableSegmenter
from datakit.pages.review_queue import ReviewQueue
from datakit.pages.subject import Paint, Subject
from datakit.pages.thumbnails import Thumbnails
from datakit.records.anonymization import Anonymization
from datakit.records.finding import Finding
from datakit.records.review import Decision
from datakit.verbs.review.decided import release_note, standing
from datakit.verbs.review.options import VERB, ServeOptions
from datakit.verbs.review.others import agreement_notes, other_reviewers, verdicts_of
from datakit.verbs.review.palettes import palettes
from datakit.verbs.shared.command_lines import step_line
from datakit.verbs.shared.datasets import open_dataset
from datakit.verbs.shared.evidence import Evidence, gather, worst
from datakit.verbs.shared.models import licence_notes
from datakit.verbs.shared.progress import ProgressListener

_PRIORITY = {"error": 0.95, "warning": 0.6, "review": 0.4}
_WAITING = 1.0
_RESIDUAL = 0.9


def serve(
    options: ServeOptions, progress: ProgressListener
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Show the page until a person ends it; with ``dry_run`` only count.

    Returns
    -------
    counts : dict
        What is decided and what is open.
    notes : tuple of str
        What to do next, and what could not be read.

    Raises
    ------
    InputError
        See `datakit.verbs.review.run.run`.
    """
    source, items = open_dataset(options.src, VERB, progress)
    evidence = gather((options.src[0], *options.records), items)
    others = {} if options.blind else other_reviewers(options)
    subjects = review_subjects(options, items, evidence, palettes(items, source.label_map), others)
    by_id = {item.key: item for item in items}
    folder = Path(options.folder)
    if options.dry_run:
        open_count = sum(subject.priority > 0 for subject in subjects)
        decided = {key: one for key, one in read_decisions(folder).items() if one.verdict}
        counts = standing(decided, len(subjects)) | {"to look at": open_count}
        return counts, (*evidence.notes, "dry run: nothing was shown")
    for name in ("starlette", "uvicorn"):
        if find_spec(name) is None:
            raise InputError(f"review needs {name}; install it: pip install 'datakit[review]'")

    segmenter = _segmenter(options)
    if segmenter is not None:
        said = f"clicks are answered by {segmenter.identity.name}, {segmenter.identity.runtime}"
        progress.announce(said)
    with (
        _bound(options.port) as listener,
        open_log(folder) as log,
        closing(Thumbnails(folder / THUMBNAILS)) as thumbnails,
    ):
        port = int(listener.getsockname()[1])

        def details(subject: Subject) -> Mapping[str, Any]:
            return _details(by_id.get(subject.id), subject.id, evidence)

        reviewer = options.reviewer
        with closing(ReviewQueue(subjects, details, log, thumbnails, reviewer, segmenter)) as queue:
            _answer(queue, listener, port, options.no_browser, progress)
        counts, notes = _finished(options, log, by_id, len(subjects), evidence)
        notes += agreement_notes(log.all(), others)
        used = () if segmenter is None else licence_notes([segmenter.identity], "labels")
        return counts, (*notes, *used)


def _segmenter(options: ServeOptions) -> PromptableSegmenter | None:
    if options.model is None:
        return None
    settings = Settings(weights=options.weights, contract=options.contract, device=options.device)
    return PROMPTABLE(settings)


def _answer(
    queue: Any, listener: socket.socket, port: int, no_browser: bool, progress: ProgressListener
) -> None:
    # Starlette is not in the base install.
    from datakit.pages import review_app

    token = secrets.token_urlsafe(24)
    address = f"http://127.0.0.1:{port}/{token}/"
    progress.announce(f"review: {address}\nCtrl-C ends it; every decision is on the disk at once.")
    app = review_app.make_app(queue, token, port)
    if no_browser:
        review_app.serve(app, listener)
        return
    with _way_in(address) as page:
        webbrowser.open(page)
        review_app.serve(app, listener)


@contextmanager
def _way_in(address: str) -> Iterator[str]:
    """Give a page that only this user can read and that leads to the address.

    A browser is started with what it opens on its command line, where every user of the machine
    can read it: that must not be the token.
    """
    with TemporaryDirectory(prefix="datakit-review-") as folder:
        page = Path(folder, "review.html")
        page.write_text(f'<!doctype html><meta http-equiv="refresh" content="0;url={address}">')
        yield page.as_uri()


def _finished(
    options: ServeOptions,
    log: DecisionLog,
    by_id: Mapping[str, Item],
    total: int,
    evidence: Evidence,
) -> tuple[dict[str, int], tuple[str, ...]]:
    decisions = log.all()
    released = sorted(
        key for key, one in decisions.items() if key not in by_id and one.verdict == "accept"
    )
    counts = standing(decisions, total)
    made = (f"to make the dataset: {options.command_line} --apply -o DST",)
    nothing = not any(counts[name] for name in ("accepted", "rejected", "flagged", "edited"))
    return counts, (*evidence.notes, *release_note(released), *(() if nothing else made))


def _bound(port: int) -> socket.socket:
    """Listen on this machine alone; InputError when the port is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise InputError(
            f"--port {port}: cannot listen there ({error.strerror}); without --port a free one "
            "is taken"
        ) from None
    return listener


def review_subjects(
    options: ServeOptions,
    items: list[Item],
    evidence: Evidence,
    paints: Mapping[str, tuple[Paint, ...]],
    others: Mapping[str, Mapping[str, Decision]],
) -> list[Subject]:
    """Return everything that can be looked at: the samples, and the photos that wait.

    Parameters
    ----------
    options : ServeOptions
        Where earlier labels, and photos that wait, are.
    items : list of Item
        The dataset.
    evidence : Evidence
        Why a sample may want a look.
    paints : mapping
        Id -> what may be painted on its mask.
    others : mapping
        Other reviewer -> id -> decision.
    """
    earlier = (
        {item.key: item for item in open_dataset((options.compare,), VERB)[1]}
        if (options.compare)
        else {}
    )
    photos: dict[str, FileRef | None] = {}
    if options.photos:
        wanted = {record.id for record in evidence.waiting}
        source = open_sources((options.photos,))
        photos = {item.key: item.image for item in source.items() if item.key in wanted}
    shown = [
        replace(
            _subject(item, earlier.get(item.key), evidence),
            palette=paints.get(item.key, ()),
            others=verdicts_of(others, item.key),
        )
        for item in items
    ]
    known = {item.key for item in items}
    return [
        *(_waiting(record, photos) for record in evidence.waiting if record.id not in known),
        *shown,
    ]


def _subject(item: Item, earlier: Item | None, evidence: Evidence) -> Subject:
    findings = evidence.findings.get(item.key, [])
    draft, faces = evidence.drafts.get(item.key), evidence.faces.get(item.key)
    severity = worst(findings)
    residual = max((face.residual or 0 for face in faces.faces), default=0) if faces else 0
    count = f"{len(findings)} finding{'s' * (len(findings) > 1)}"
    reasons = [f"{count}: {findings[0].check}"] if findings else []
    reasons += [f"uncertainty {draft.doubt:.2f}: {draft.reason}"] if draft else []
    reasons += [f"a face still seen ({residual:.2f})"] if residual else []
    priority = max(
        _PRIORITY[severity] if severity else 0.0,
        draft.doubt if draft else 0.0,
        _RESIDUAL if residual else 0.0,
    )
    kinds = {"draft": draft is not None, "finding": bool(findings), "face": bool(faces)}
    width, height = item.stated_wh or (0, 0)
    return Subject(
        id=item.key,
        kinds=tuple(name for name, there in kinds.items() if there),
        severity=severity or "",
        priority=round(priority, 4),
        reason="; ".join([*reasons, *_state_words(item)]),
        split=item.split or "",
        width=width,
        height=height,
        image=item.image,
        labelled=item,
        earlier=earlier,
        classes=item.sample.categories if item.sample else (),
    )


def _state_words(item: Item) -> list[str]:
    """Return what a person should know of a label that is not complete."""
    words = {
        "partial": "some object could not be drawn; the stripes show where the label is unknown",
        "none": "the image is not labelled",
    }
    return [words[item.label_state]] if item.label_state in words else []


def _waiting(record: Anonymization, photos: Mapping[str, FileRef | None]) -> Subject:
    return Subject(
        id=record.id,
        kinds=("waiting",),
        severity="review",
        priority=_WAITING,
        reason="; ".join(record.reasons) or record.status,
        image=photos.get(record.id),
        waiting=True,
    )


def _details(item: Item | None, key: str, evidence: Evidence) -> dict[str, Any]:
    """Return what the page shows beside a picture."""
    found: dict[str, Any] = {
        "findings": [_told(finding) for finding in evidence.findings.get(key, [])]
    }
    if draft := evidence.drafts.get(key):
        words = WORDS.get(draft.reason, draft.reason)
        found["draft"] = {"doubt": draft.doubt, "words": words, "parts": draft.parts}
    record = evidence.faces.get(key) or next(
        (record for record in evidence.waiting if record.id == key and item is None), None
    )
    if record is not None:
        found["faces"] = [
            {"box": face.box_xyxy, "mask": face.mask, "residual": face.residual}
            for face in record.faces
        ]
        found["reasons"] = record.reasons
    if item is not None and (sample := item.sample) is not None:
        found["empty"] = sample.fg_ratio == 0
        found["facts"] = {
            "group": sample.group,
            "copy of": sample.parent,
            "source": sample.source.name,
            "tags": ", ".join(sample.tags),
            "foreground": None if sample.fg_ratio is None else f"{100 * sample.fg_ratio:.1f} %",
        }
        found["history"] = [step_line(step) for step in sample.history]
    return found


def _told(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.check,
        "severity": finding.severity,
        "words": finding.words,
        "box": finding.box,
    }
