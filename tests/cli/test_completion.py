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


@pytest.fixture
def command(tmp_path: Path) -> Path:
    """A folder with the command, and a folder that a path may be completed to."""
    (tmp_path / "photos-of-anna").mkdir()
    (tmp_path / "datakit").write_text(f'#!/bin/sh\nexec {sys.executable} -m datakit "$@"\n')
    (tmp_path / "datakit").chmod(0o755)
    return tmp_path


def said_by(shell: list[str], folder: Path) -> str:
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(folder), "TERM": "dumb"}
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        shell, cwd=folder, env=environment, capture_output=True, text=True, timeout=100
    )
    return done.stdout


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_completes_verbs_flags_values_and_paths(command: Path) -> None:
    lines = (
        "datakit pre",
        "datakit stats pho",
        "datakit export x --format y",
        "datakit export --fo",
    )
    asked = "; ".join(f"echo '== {line}'; complete -C '{line}'" for line in lines)
    said = said_by(["fish", "-c", f"datakit completion fish | source; {asked}"], command)
    found = [
        [line.partition("\t")[0] for line in part.splitlines()[1:]] for part in said.split("== ")
    ]
    assert found[1:] == [["prelabel"], ["photos-of-anna/"], ["yolo-seg"], ["--format"]]


_ZSH = r"""
# Its builtins only work while a line is edited: what it is asked to add is printed.
compdef() { :; }
_describe() { print -rl -- "${(@P)3}"; }
compadd() { print -rl -- "${(@P)@[-1]}"; }
_path_files() { print -r -- "paths $*"; }
eval "$(datakit completion zsh)"
for line in "datakit pre" "datakit stats pho" "datakit export x --format yol" \
  "datakit export x --forma"; do
  words=(${=line}); CURRENT=$#words
  print -r -- "== $line"; _datakit_completion
done
"""


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_completes_verbs_flags_values_and_paths(command: Path) -> None:
    said = said_by(["zsh", "-f", "-c", _ZSH], command)
    found = [
        [line.partition(":")[0] for line in part.splitlines()[1:]] for part in said.split("== ")
    ]
    assert found[1:] == [["prelabel"], ["paths -f"], ["yolo-seg"], ["--format"]]
