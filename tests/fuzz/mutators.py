"""Damage to files, by a generator that is handed in: bytes, JSON documents, zip archives."""

from __future__ import annotations

import io
import json
import random
import stat
import zipfile
from copy import deepcopy
from typing import Any

STRANGE: list[Any] = [
    None,
    True,
    -1,
    0,
    1e308,
    2**70,
    float("nan"),
    float("inf"),
    "",
    "x" * 3000,
    "../../escaped.png",
    "/escaped.png",
    "a\0b.jpg",
    "\ud800",
    "<script>alert(1)</script>",
    '=HYPERLINK("http://127.0.0.1")',
    [],
    {},
    [[]],
    [[1, 2]],
    [["a", "b", "c", "d", "e", "f"]],
    {"counts": "~~~~", "size": [4, 4]},
    {"counts": [5, -5, 2**40], "size": [48, 64]},
    [[[[[[1]]]]]],
]
# Numbers at which a reader of lengths and sizes is likely to be wrong.
_EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def mutated_document(document: Any, rng: random.Random) -> Any:
    """Replace, drop or repeat members anywhere in a document (which is changed)."""
    for _ in range(rng.randint(1, 6)):
        parent = document
        while True:
            keys = list(parent) if isinstance(parent, dict) else list(range(len(parent)))
            if not keys:
                break
            key = rng.choice(keys)
            child = parent[key]
            if isinstance(child, dict | list) and child and rng.random() < 0.8:
                parent = child
                continue
            action = rng.random()
            if action < 0.7:
                parent[key] = deepcopy(rng.choice(STRANGE))
            elif action < 0.85 or isinstance(parent, dict):
                del parent[key]
            else:
                parent.append(deepcopy(child))
            break
    return document


def json_bytes(document: Any, rng: random.Random) -> bytes:
    """Write a document as JSON, now and then with its bytes damaged too."""
    data = json.dumps(document, ensure_ascii=rng.random() < 0.9).encode(errors="replace")
    return mutated_bytes(data, rng) if rng.random() < 0.25 else data


def mutated_bytes(data: bytes, rng: random.Random) -> bytes:
    """Flip, cut, repeat, insert, or write numbers at the edge, one to six times."""
    found = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(found) + 1)
        # Headers decide what a reader does: half of the damage is near the start.
        if rng.random() < 0.5:
            at = min(at, rng.randrange(96))
        length = rng.randint(1, 16)
        action = rng.randrange(7)
        if action == 0 and at < len(found):
            found[at] ^= 1 << rng.randrange(8)
        elif action == 1:
            found[at : at + length] = rng.randbytes(length)
        elif action == 2:
            number = rng.choice(_EDGES).to_bytes(4, rng.choice(["big", "little"]))
            found[at : at + 4] = number
        elif action == 3:
            del found[at : at + length]
        elif action == 4:
            found[at:at] = found[at : at + length] * rng.randint(1, 40)
        elif action == 5 and rng.random() < 0.3:
            del found[at:]
        else:
            found[at:at] = rng.choice([b"\0", b"\xff\xd8\xff", b"../", b"\r\n", b"\xed\xa0\x80"])
    return bytes(found)


def hostile_zip(files: dict[str, bytes], rng: random.Random) -> bytes:
    """Pack files with entries that leave the root, are links, bombs or doubles; or damage it."""
    names = list(files)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, files[name])
        trick = rng.randrange(8)
        victim = rng.choice(names)
        if trick == 0:
            archive.writestr(rng.choice(["../", "/", "..\\", "a/../../", "C:/"]) + victim, b"x")
        elif trick == 1:
            link = zipfile.ZipInfo("link.jpg")
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, "/etc/passwd")
        elif trick == 2:
            archive.writestr("bomb.jpg", bytes(rng.randint(1, 4) << 20))
        elif trick == 3:
            archive.writestr(f"{victim}/", b"")
        elif trick == 4:
            archive.writestr(rng.choice(["a\0.jpg", "x" * 400, " ", "COM1", "a\nb.jpg"]), b"x")
    data = target.getvalue()
    return mutated_bytes(data, rng) if rng.random() < 0.6 else data
