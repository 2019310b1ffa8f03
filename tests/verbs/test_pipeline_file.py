"""Pipeline files: every mistake is one sentence with its line."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from datakit.errors import InputError, SchemaError
from datakit.verbs.run import step_options
from datakit.verbs.run.pipeline_file import STEP, Pipeline, load


def read(tmp_path: Path, text: str) -> Pipeline:
    (tmp_path / "p.yaml").write_text(text)
    return load(tmp_path / "p.yaml", tmp_path / "out")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["line 1", "`steps:`", "--init"]),
        ("stepps: []", ["line 1", "'stepps'", "did you mean 'steps'"]),
        ("steps: []", ["line 1", "list of steps"]),
        ("seed: x\nsteps: [{verb: split, src: a, val: 1}]", ["line 1", "seed", "'x'"]),
        ("on_findings: never\nsteps: [stats]", ["line 1", "stop or continue", "'never'"]),
        ("steps:\n  - 3", ["line 2", "expected a step"]),
        ("steps:\n  - name: x", ["line 2", "`verb:`", "coco2mask"]),
        ("steps:\n  - verb: splitt", ["line 2", "'splitt'", "did you mean 'split'"]),
        ("steps:\n  - verb: run", ["line 2", "'run' is no verb that can be a step"]),
        ("steps:\n  - verb: split\n    val: 1", ["line 2", "`src:`"]),
        ("steps:\n  - verb: split\n    src: 3", ["line 3", "src", "3"]),
        ("steps:\n  - verb: split\n    src: []", ["line 3", "src"]),
        ("steps:\n  - verb: split\n    name: a/b\n    src: x", ["line 3", "'a/b'"]),
        (
            "steps:\n  - verb: split\n    src: a\n    vall: 0.1",
            ["line 4", "'vall'", "did you mean 'val'"],
        ),
        ("steps:\n  - verb: split\n    src: a\n    val: lots", ["line 4", "'val'", "'lots'"]),
        ("steps:\n  - verb: split\n    src: a\n    val: -1", ["line 4", "'val'", "-1"]),
        (
            "steps:\n  - verb: coco2mask\n    src: a\n    kind: sepia",
            ["line 4", "'kind'", "'sepia'", "binary"],
        ),
        ("steps:\n  - verb: split\n    src: a\n    out: b", ["line 4", "'out'", "the run"]),
        ("steps:\n  - verb: split\n    src: a\n    resume: true", ["line 4", "'resume'"]),
        ("steps:\n  - verb: split\n    src: a", ["line 2, step split", "val: 0.15"]),
        (
            "steps:\n  - {verb: split, src: a, val: 1}\n  - {verb: split, val: 1}",
            ["line 3", "two steps are named 'split'"],
        ),
        ("steps:\n  - verb: split\n    verb: x", ["line 3", "twice"]),
        ("steps:\n  - &a {verb: split}\n  - *a", ["aliases"]),
        (
            "steps:\n  - verb: anonymize\n    src: a\n    facemask-dir: ../../x",
            ["line 4", "'facemask_dir'", "below the run's -o DST"],
        ),
        ("steps:\n  - {verb: anonymize, src: a, facemask_dir: /x}", ["line 2", "'/x'"]),
        (
            "steps:\n  - {verb: trimap, src: a}\n  - {verb: anonymize, facemask_dir: trimap/x}",
            ["line 3", "a step's own folder"],
        ),
        ("steps: [{verb: split, src: a, val: 1, on_findings: maybe}]", ["line 1", "'maybe'"]),
    ],
)
def test_mistakes_name_their_line(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(SchemaError if "step split" not in str(words) else InputError) as caught:
        read(tmp_path, text)
    message = str(caught.value)
    assert message.startswith(str(tmp_path / "p.yaml"))
    assert "\n" not in message
    for word in words:
        assert word in message


words = st.sampled_from(["split", "masks", "stop", "off", "../x", "s3://b/c", "a/b", "3", ""])
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | words
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.integers(), inner),
    max_leaves=8,
)


def steps_of(verb: str) -> st.SearchStrategy[dict[str, object]]:
    """Steps of a verb, with any values for its own options and the pipeline's words."""
    names = [*step_options.fields_of(step_options.step_verbs()[verb]), *STEP[1:]]
    options = st.dictionaries(st.sampled_from(names), documents, max_size=3)
    return options.map(lambda given: {"verb": verb, "src": "a"} | given)


steps = st.sampled_from(sorted(step_options.step_verbs())).flatmap(steps_of) | documents
pipelines = st.fixed_dictionaries(
    {"steps": st.lists(steps, max_size=3)}, optional={"seed": scalars}
)


@settings(max_examples=100, deadline=None)
@given(pipelines | documents)
@example({"steps": [{"verb": "split", "src": "a", "layout": ["x", {}]}]})
@example({"steps": [{"verb": "export", "src": "a", "format": [[]]}]})
def test_whatever_a_file_holds_it_is_a_pipeline_or_an_error_of_ours(document: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "p.yaml")
        path.write_text(yaml.safe_dump(document))
        with suppress(InputError):
            load(path, Path(folder, "out"))


def test_yaml_that_means_well(tmp_path: Path) -> None:
    [dedup, matte, augment] = read(
        tmp_path,
        "steps:\n"
        "  - {verb: split, src: a, val: 1, duplicates: off}\n"
        "  - {verb: matte, depth: 16}\n"
        "  - {verb: augment, only: train, also: [val]}\n",
    ).steps
    assert dedup.options.duplicates == "off"  # type: ignore[attr-defined]
    assert matte.options.depth == "16"  # type: ignore[attr-defined]
    assert augment.options.only == ("train",)  # type: ignore[attr-defined]


def test_paths_are_beside_the_file_or_in_earlier_steps(tmp_path: Path) -> None:
    steps = read(
        tmp_path,
        "seed: 5\n"
        "steps:\n"
        "  - {name: one, verb: trimap, src: [a, sub/b.zip]}\n"
        "  - {verb: anonymize, src: ./one, alpha_dir: one/trimaps, facemask-dir: faces}\n"
        "  - {verb: eval, src: [one, ../truth]}\n"
        "  - verb: split\n    val: 1\n    policy: p3m\n",
    ).steps
    assert [step.options.src for step in steps] == [
        (str(tmp_path / "a"), str(tmp_path / "sub/b.zip")),
        (str(tmp_path / "one"),),
        (str(tmp_path / "out/one"), str(tmp_path / "../truth")),
        (str(tmp_path / "out/anonymize"),),
    ]
    anonymize, split = steps[1].options, steps[3].options
    assert anonymize.alpha_dir == str(tmp_path / "out/one/trimaps")  # type: ignore[attr-defined]
    assert anonymize.facemask_dir == str(tmp_path / "out/faces")  # type: ignore[attr-defined]
    assert [item.step for item in steps[1].reads] == [None, "one"]
    assert (split.policy, split.seed) == ("p3m", 5)  # type: ignore[attr-defined]


def test_a_json_reads_the_pictures_beside_it_too(tmp_path: Path) -> None:
    [step] = read(tmp_path, "steps: [{verb: coco2mask, src: sub/x.json}]").steps
    assert step.options.src == (str(tmp_path / "sub/x.json"),)
    assert [item.path for item in step.reads] == [str(tmp_path / "sub")]
    (tmp_path / "photos").mkdir()
    [step] = read(tmp_path, "steps: [{verb: coco2mask, src: x.json, images: photos}]").steps
    assert [item.path for item in step.reads] == [
        str(tmp_path / "x.json"),
        str(tmp_path / "photos"),
    ]


def test_no_option_of_a_verb_is_a_word_of_the_pipeline() -> None:
    for verb, options in step_options.step_verbs().items():
        taken = set(step_options.fields_of(options)) & set(STEP)
        assert not taken, verb
