"""The page of a review, from the first look to what is to do next."""

from __future__ import annotations

import gc
import secrets
import socket
import webbrowser
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from datakit.errors import InputError
from datakit.io.dataset.decisions import THUMBNAILS, DecisionLog, open_log, read_decisions
from datakit.io.layouts.base import Item
from datakit.models.factory import Settings
from datakit.models.segmenters.promptable import PROMPTABLE, PromptableSegmenter
from datakit.pages.person_maps import PersonMaps
from datakit.pages.review_queue import ReviewQueue
from datakit.pages.subject import Subject
from datakit.pages.thumbnails import Thumbnails
from datakit.verbs.anonymize.again import hidden_faces
from datakit.verbs.review.decided import release_note, standing
from datakit.verbs.review.options import VERB, ServeOptions
from datakit.verbs.review.others import agreement_notes, other_reviewers
from datakit.verbs.review.palettes import palettes
from datakit.verbs.review.subjects import details_of, review_subjects
from datakit.verbs.shared.datasets import open_dataset
from datakit.verbs.shared.evidence import Evidence, gather
from datakit.verbs.shared.models import licence_notes
from datakit.verbs.shared.progress import ProgressListener


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
    with _no_collection():
        source, items = open_dataset(options.src, VERB, progress)
        folders = (options.src[0], *options.records)
        evidence = gather(folders, items)
        others = {} if options.blind else other_reviewers(options)
        paints = palettes(items, source.label_map)
        subjects = review_subjects(options, items, evidence, paints, others)
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

    faces = hidden_faces(folders, options.photos) if options.photos else None
    hide = faces.jpeg if faces else None
    segmenter = _segmenter(options)
    people = None if segmenter else _people(subjects)
    with (
        _bound(options.port) as listener,
        open_log(folder) as log,
        closing(Thumbnails(folder / THUMBNAILS)) as thumbnails,
    ):
        port = int(listener.getsockname()[1])

        def details(subject: Subject) -> Mapping[str, Any]:
            return details_of(by_id.get(subject.id), subject.id, evidence)

        made = ReviewQueue(
            subjects,
            details,
            log,
            thumbnails,
            options.reviewer,
            segmenter=segmenter,
            people=people,
            hide=hide,
        )
        with closing(made) as queue, _frozen():
            clicks = _what_answers(segmenter, people)
            _answer(queue, listener, port, options.no_browser, progress, clicks)
        counts, notes = _finished(options, log, by_id, len(subjects), evidence)
        notes += agreement_notes(log.all(), others)
        used = () if segmenter is None else licence_notes([segmenter.identity], "labels")
        return counts, (*notes, *used)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Collect no garbage: going through the rows again and again is a third of reading them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _frozen() -> Iterator[None]:
    """Leave all that was read out of garbage collections, which would hold up answers."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _segmenter(options: ServeOptions) -> PromptableSegmenter | None:
    if options.model is None:
        return None
    settings = Settings(weights=options.weights, contract=options.contract, device=options.device)
    return PROMPTABLE(settings)


def _people(subjects: Sequence[Subject]) -> PersonMaps | None:
    """Return what sees people on photos, where labels may be of people and LiteRT is installed."""
    is_needed = any(not subject.palette for subject in subjects)
    return PersonMaps() if is_needed and find_spec("ai_edge_litert") else None


def _what_answers(segmenter: PromptableSegmenter | None, people: PersonMaps | None) -> str:
    """Say what answers clicks, and what is missing for better answers."""
    if segmenter is not None:
        return f"clicks are answered by {segmenter.identity.name}, {segmenter.identity.runtime}"
    own = "clicks are answered by colours, edges and the draft"
    if people is not None:
        return f"{own}, and by {people.identity.name}, {people.identity.runtime}"
    if find_spec("ai_edge_litert"):
        return own
    return f"{own}: seeing people needs LiteRT; install it: pip install 'datakit[faces]'"


def _answer(
    queue: Any,
    listener: socket.socket,
    port: int,
    no_browser: bool,
    progress: ProgressListener,
    clicks: str,
) -> None:
    # Starlette is not in the base install.
    from datakit.pages import review_app

    token = secrets.token_urlsafe(24)
    address = f"http://127.0.0.1:{port}/{token}/"
    progress.announce(f"review: {address}\nCtrl-C ends it; every decision is on the disk at once.")
    progress.announce(clicks)
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
