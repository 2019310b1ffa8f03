"""doctor: what is installed, and what that is good for."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from click.testing import CliRunner

from datakit.cli import doctor
from datakit.cli.main import app
from datakit.verbs.table import VERBS

ROOT = Path(__file__).resolve().parents[2]


def test_every_ability_names_a_verb_and_an_extra_that_are_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for verb, _, extra in doctor.ABILITIES:
        assert verb in VERBS or verb == "every verb"
        assert extras[extra]


def test_what_is_missing_names_the_way(monkeypatch) -> None:
    there = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: None if name == "ray" else there(name))
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 0, result.output
    [line] = [line for line in result.output.splitlines() if "--engine ray" in line]
    assert line.endswith("needs ray: pip install 'datakit[ray]'")
    assert any(line.endswith("ready") for line in result.output.splitlines())


def test_json_is_one_object() -> None:
    found = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).output)
    assert set(found) == {"versions", "limits", "devices", "plugins", "abilities"}
    assert found["versions"]["datakit"]
