"""Advice of a step names keys of the pipeline, not options of another command line."""

from __future__ import annotations

from pathlib import Path

import pytest

import datakit
from datakit.errors import InputError
from datakit.verbs.run.step_advice import in_step
from tests.verbs.walks import walk


@pytest.mark.parametrize(
    ("verb", "text", "expected"),
    [
        (
            "anonymize",
            "2 photos wait: run again with --release IDS --resume",
            "2 photos wait: run again with release: [IDS]",
        ),
        (
            "split",
            "ask for another size, or --tolerance 0.35",
            "ask for another size, or tolerance: 0.35",
        ),
        (
            "split",
            "name sizes: --val 0.15 or --keep-existing",
            "name sizes: val: 0.15 or keep_existing: true",
        ),
        ("coco2mask", "say it with --map hat=CLASS|ignore", "say it with map: [hat=CLASS|ignore]"),
        ("coco2mask", "take --from photos", "take layout: photos"),
        ("export", "run the same command with --resume", "run the same command"),
        ("export", "not empty: add --overwrite", "not empty: add --redo here"),
        (
            "matte",
            "make one with datakit prelabel --model u2net",
            "make one with datakit prelabel --model u2net",
        ),
        ("matte", "that is --release of another verb", "that is --release of another verb"),
    ],
)
def test_options_become_keys(verb: str, text: str, expected: str) -> None:
    assert in_step(text, verb, "here") == expected


def test_a_step_that_waits_says_how_it_goes_on_in_the_file(
    tmp_path: Path, sample_data: Path
) -> None:
    (tmp_path / "p.yaml").write_text(
        f"steps:\n  - verb: anonymize\n    src: {sample_data / 'photos' / 'coffee.jpg'}\n"
        "    detectors: [mediapipe]\n"
    )
    result = walk(tmp_path)
    (note,) = [one for one in result.steps[0].notes if "release" in one]
    assert "release: [IDS]" in note
    assert "--" not in note


def test_options_that_do_not_go_together_are_named_as_keys(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text("steps:\n  - verb: anonymize\n    src: photos\n    sigma: 0.2\n")
    with pytest.raises(InputError, match=r"step anonymize: sigma: 0.2: below .* add weak: true"):
        datakit.run(str(path), str(tmp_path / "out"))
