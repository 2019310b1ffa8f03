"""YAML: plain values only, with the line of each key."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.errors import InputError, SchemaError
from datakit.io.tables import yaml_files


def test_every_key_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("# options\nkind: binary\n\ncategory:\n  - a\n  - b\nnested:\n  deep: {x: 1}\n")
    data, lines = yaml_files.load(path)
    assert data == {"kind": "binary", "category": ["a", "b"], "nested": {"deep": {"x": 1}}}
    assert lines == {
        "kind": 2,
        "category": 4,
        "category.0": 5,
        "category.1": 6,
        "nested": 7,
        "nested.deep": 8,
        "nested.deep.x": 8,
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &x [1]\nb: *x\n", "without aliases"),
        ("a: [1\nb: 2\n", "line 2: expected YAML"),
        ("a: 1\n\tb: 2\n", "line 2: expected YAML"),
        ("- 1\n- 2\n", "expected `name: value` pairs"),
        ("just text", "expected `name: value` pairs"),
        ("1: 2\n", "expected `name: value` pairs"),
        ("a: !!python/object/apply:os.system ['true']\n", "line 1: expected YAML"),
        ("a: !!python/name:os.system\n", "line 1: expected YAML"),
        ("[" * 100_000, "line 1: expected YAML; it is nested too deeply"),
        ("a: " + "{b: " * 100_000, "nested too deeply"),
        ("a: 1\nb: 2\na: 3\n", "line 3: 'a' is there twice, first in 1"),
        ("a:\n  b: 1\n  b: 2\n", r"line 3: 'a\.b' is there twice, first in 2"),
        ("a: 9999-99-99\n", "expected YAML"),
        ("a: 1\n---\nb: 2\n", "expected YAML"),
        ("a: \x00", "expected YAML"),
        ("? [a]\n: 1\n", "expected"),
    ],
)
def test_what_is_no_plain_mapping_is_one_sentence(text: str, words: str) -> None:
    with pytest.raises(SchemaError, match=rf"^c\.yaml.*{words}"):
        yaml_files.parse(text, "c.yaml")


def test_a_bomb_of_aliases_does_not_go_off() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]" for k in range(1, 12)]
    started = time.perf_counter()
    with pytest.raises(SchemaError, match="without aliases"):
        yaml_files.parse("\n".join(levels), "c.yaml")
    assert time.perf_counter() - started < 2


def test_an_empty_file_has_no_keys() -> None:
    assert yaml_files.parse("# nothing\n", "c.yaml") == ({}, {})


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        yaml_files.load(tmp_path / "missing.yaml")
    with pytest.raises(InputError, match="cannot be read"):
        yaml_files.load(tmp_path)
    (tmp_path / "large.yaml").write_bytes(b"#" * (yaml_files.MAX_BYTES + 1))
    with pytest.raises(InputError, match="expected at most 1,048,576 bytes"):
        yaml_files.load(tmp_path / "large.yaml")


@given(st.text(st.characters(), max_size=60) | st.text("{}[]:-&*!?|>#'\"\n ab1,%@`~", max_size=40))
@settings(max_examples=400, deadline=None)
def test_any_text_is_a_mapping_or_one_error(text: str) -> None:
    try:
        data, _ = yaml_files.parse(text, "c.yaml")
    except SchemaError as error:
        assert str(error).startswith("c.yaml")
    else:
        assert all(isinstance(key, str) for key in data)
