"""Files of weights that ask for the memory of the machine are refused before they get it."""

from __future__ import annotations

import io
import pickle
import struct
import subprocess
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

from datakit.errors import ModelError
from datakit.models.weights.files import read_tensors

torch = pytest.importorskip("torch")

MAX_BYTES = 700_000_000


def archive(entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as file:
        for name, data in entries.items():
            file.writestr(name, data)
    return made.getvalue()


class _Asks:
    """Pickles as a call."""

    def __init__(self, call: Any, *arguments: Any) -> None:
        self.made = call, arguments

    def __reduce__(self) -> Any:
        return self.made


def saved() -> bytes:
    made = io.BytesIO()
    torch.save(OrderedDict(a=torch.zeros(2, 3)), made)
    return made.getvalue()


def legacy() -> bytes:
    made = io.BytesIO()
    torch.save({"a": torch.zeros(2)}, made, _use_new_zipfile_serialization=False)
    return made.getvalue()


MEMO = b"\x80\x02}r" + struct.pack("<I", 300_000_000) + b"."
HOSTILE: dict[str, bytes] = {
    "deflated storage": archive(
        {"a/data.pkl": b"\x80\x02}.", "a/data/0": bytes(1 << 30)}, zipfile.ZIP_DEFLATED
    ),
    "a large object": archive({"a/data.pkl": pickle.dumps(_Asks(bytearray, 2_400_000_000), 2)}),
    "a numbered memory": archive({"a/data.pkl": MEMO}),
    "a numbered memory, torchscript": archive({"a/data.pkl": MEMO, "a/constants.pkl": b"."}),
    "a long bytearray": archive(
        {"a/data.pkl": b"\x80\x05\x96" + struct.pack("<Q", 2_400_000_000) + b"."}
    ),
    "code": archive({"a/data.pkl": pickle.dumps(_Asks(print, "x"), 2)}),
    "a long header": struct.pack("<Q", 64 << 20) + b"{" + b'"a":{},' * (9 << 20) + b" " * 100,
    "legacy with a large object": legacy()[:0]
    + pickle.dumps(0x1950A86A20F9469CFC6C, 2)
    + pickle.dumps(1001, 2)
    + pickle.dumps({}, 2)
    + pickle.dumps(_Asks(bytearray, 2_400_000_000), 2),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_refused_within_the_memory_of_a_small_machine(name: str, tmp_path: Path) -> None:
    (tmp_path / "model.pth").write_bytes(HOSTILE[name])
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from datakit.errors import ModelError\n"
        "from datakit.models.weights.files import read_tensors\n"
        "try:\n"
        "    read_tensors(Path(sys.argv[1]).read_bytes(), 'model.pth')\n"
        "except ModelError as error:\n"
        # Not getrusage: a process starts with the peak of the one that started it.
        "    print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])\n"
        "    sys.exit(7)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "model.pth")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 7, done.stderr
    assert int(done.stdout) * 1024 < MAX_BYTES


@pytest.mark.parametrize("data", [saved(), legacy()])
def test_what_torch_saves_is_read(data: bytes) -> None:
    assert read_tensors(data, "model.pth")[0]["a"].sum() == 0


@pytest.mark.parametrize("name", ["deflated storage", "a large object"])
def test_the_reason_is_said(name: str) -> None:
    with pytest.raises(ModelError, match=r"asks for the memory|names (__builtin__|builtins)"):
        read_tensors(HOSTILE[name], "model.pth")
