"""Completion in the shells that are installed here."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from datakit.cli import completion
from datakit.cli.main import app


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_a_script_is_printed_for_each_shell(shell: str) -> None:
    result = CliRunner().invoke(app, ["completion", shell])
    assert result.exit_code == 0
    assert f"{completion.VARIABLE}={shell}_complete" in result.output


def test_it_is_installed_for_the_users_shell(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    result = CliRunner().invoke(app, ["completion", "install"])
    target = tmp_path / ".config/fish/completions/datakit.fish"
    assert result.exit_code == 0, result.output
    assert str(target) in result.output
    assert target.read_text().strip() == completion.script(app, "fish").strip()


def test_another_shell_is_asked_for_by_name(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SHELL", "/bin/ksh")
    result = CliRunner().invoke(app, ["completion", "install"])
    assert result.exit_code == 2
    assert "name one of: bash, zsh, fish" in result.output
    assert CliRunner().invoke(app, ["completion", "install", "zsh"]).exit_code == 0
    assert (tmp_path / ".local/share/zsh/site-functions/_datakit").is_file()


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_verbs_flags_values_and_paths(tmp_path: Path) -> None:
    (tmp_path / "photos-of-anna").mkdir()
    (tmp_path / "datakit").write_text(f'#!/bin/sh\nexec {sys.executable} -m datakit "$@"\n')
    (tmp_path / "datakit").chmod(0o755)
    (tmp_path / "script").write_text(completion.script(app, "bash"))
    ask = r"""
source ./script
complete_line() {
  COMP_WORDS=($1); [[ $1 == *" " ]] && COMP_WORDS+=(""); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  COMPREPLY=(); compopt() { printf 'option: %s %s\n' "$@"; }
  _datakit_completion datakit; printf '%s\n' "${COMPREPLY[@]}"
}
for line in "datakit pre" "datakit stats pho" "datakit export x --format y" \
  "datakit export x --fo"; do echo "== $line"; complete_line "$line"; done
"""
    done = subprocess.run(
        ["bash", "--norc", "-c", ask],
        cwd=tmp_path,
        env={
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        },
        capture_output=True,
        text=True,
        timeout=100,
    )
    said = done.stdout.split("== ")[1:]
    assert [part.splitlines()[1:] for part in said] == [
        ["prelabel"],
        ["option: -o default", ""],
        ["yolo-seg"],
        ["--format"],
    ], done.stderr
