"""The signature of the list of what was removed, by OpenSSH: ``ssh-keygen -Y verify`` checks it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from datakit.errors import InputError

NAMESPACE = "datakit"
"""What the signature is for: one made for another purpose does not fit (PROTOCOL.sshsig)."""


def check_key(key: str) -> None:
    """Refuse a key that is not there, and a machine without ``ssh-keygen``, as InputError."""
    if not Path(key).is_file():
        raise InputError(f"--sign-key {key}: no such file; ssh-keygen -t ed25519 -f FILE makes one")
    if shutil.which("ssh-keygen") is None:
        raise InputError(
            "--sign-key: ssh-keygen is not installed; install OpenSSH's client, or leave the "
            "option out and sign removed.jsonl yourself"
        )


def sign(data: bytes, key: str) -> bytes:
    """Return the armoured signature of some bytes (SSHSIG, as git signs commits).

    Parameters
    ----------
    data : bytes
    key : str
        A private key of OpenSSH, or the public one of a key that an agent holds. ``ssh-keygen``
        asks for a passphrase on the terminal.

    Raises
    ------
    InputError
        If ``ssh-keygen`` does not sign with it; the error has its words.
    """
    command = ["ssh-keygen", "-Y", "sign", "-f", key, "-n", NAMESPACE]
    done = subprocess.run(command, input=data, capture_output=True, check=False)
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        raise InputError(f"--sign-key {key}: ssh-keygen cannot sign with it ({lines[-1].strip()})")
    return done.stdout
