"""A face that a frame of a video lacks is looked for where its neighbours show it."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

import datakit
from datakit.io.pixels import decoders, images

pytest.importorskip("ai_edge_litert", reason="the extra 'faces' is not installed")

SIDE_PX = 160


@pytest.fixture(scope="module")
def clip(tmp_path_factory, sample_data):
    """Three frames, each moved by some pixels; in the second one the camera was shaken."""
    photo = decoders.decode_photo((sample_data / "portraits/images/astronaut.jpg").read_bytes())
    folder = tmp_path_factory.mktemp("clip")
    for number in range(3):
        left = 50 - 4 * number
        frame = np.ascontiguousarray(photo[:SIDE_PX, left : left + SIDE_PX])
        if number == 1:
            frame = cv2.filter2D(frame, -1, np.full((1, 37), 1 / 37, np.float32))
        (folder / f"walk_frame_{number:02d}.png").write_bytes(images.encode_png(frame))
    return folder


def audit(folder):
    lines = map(json.loads, (folder / "anonymize.jsonl").read_text().splitlines())
    return {line["id"]: line for line in lines}


@pytest.fixture(scope="module")
def hidden(clip, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "hidden"
    return datakit.anonymize(clip, out, workers=0), out


def test_a_shaken_frame_has_the_face_of_its_neighbours(clip, hidden):
    summary, out = hidden
    records = audit(out)
    first, shaken, last = (records[f"walk_frame_{n:02d}.png"] for n in range(3))
    assert [face["seen_in"] for face in (*first["faces"], *last["faces"])] == [None, None]
    (face,) = shaken["faces"]
    assert face["seen_in"] == "walk_frame_00.png"
    # Half of CenterFace's own threshold.
    assert face["score"] >= 0.1
    assert shaken["status"] == "anonymized"
    before, after = (
        decoders.decode_photo((folder / "walk_frame_01.png").read_bytes())
        for folder in (clip, out / "images")
    )
    x0, y0, x1, y1 = face["box_xyxy"]
    middle = (slice((y0 + y1) // 2 - 9, (y0 + y1) // 2 + 9), slice(x0 + 20, x1 - 20))
    assert (before[middle] != after[middle]).any(axis=2).mean() > 0.9
    assert any("1 frame of videos and bursts" in note for note in summary.notes)


def test_alone_the_shaken_frame_shows_no_face(clip, tmp_path):
    name = "walk_frame_01.png"
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / name).write_bytes((clip / name).read_bytes())
    datakit.anonymize(tmp_path / "src", tmp_path / "out", workers=0)
    assert (audit(tmp_path / "out")[name]["status"]) == "no-face"


@pytest.mark.slow
def test_frames_have_the_same_bytes_for_two_workers_and_after_a_loss(clip, hidden, tmp_path):
    _, out = hidden
    two = tmp_path / "two"
    datakit.anonymize(clip, two, workers=2)
    for again in (False, True):
        if again:
            (two / "images/walk_frame_01.png").write_bytes(b"x")
            datakit.anonymize(clip, two, workers=0, resume=True)
        for path in sorted(out.rglob("*")):
            if path.is_file():
                other = two / path.relative_to(out)
                assert other.read_bytes() == path.read_bytes(), path
