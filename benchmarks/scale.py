"""What ten million and a billion images would cost, from the rates in RESULTS.md.

    python benchmarks/scale.py                    # print the tables of docs/scale.md
    python benchmarks/scale.py --write            # put them into the page (a test compares them)
    python benchmarks/scale.py --measure EXPORT   # bytes a sample, for RESULTS.md

Nothing here is measured at such sizes: every figure is a measured rate times a count.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "RESULTS.md"
PAGE = ROOT / "docs" / "scale.md"
BEGIN, END = "<!-- computed: begin -->", "<!-- computed: end -->"

COUNTS = (10_000_000, 1_000_000_000)
CLUSTER_CORES = 1000
MACHINE_GB = 64
# A round number that was not measured: what a float32 model may reach on a GPU of a data centre.
GPU_TFLOPS = 10
DAY_S, HOUR_S = 86_400, 3_600
NUMBER = r"([\d,]+(?:\.\d+)?)"

RATES = {
    "coco2mask ms": rf"\| datakit, 1 worker \|(?:[^|\n]*\|){{7}} {NUMBER} \|",
    "augment 512 ms": rf"\| 512x512 \| {NUMBER} \| {NUMBER} \| 0\.",
    "matte 1080p s": rf"\| 1920x1080 \| {NUMBER} \(15\)",
    "u2netp ms": rf"\| datakit, end to end[^|]*\| {NUMBER} \|",
    "u2netp GFLOP": rf"The floor is {NUMBER} ",
    "beside GPU ms": rf"beside a GPU: {NUMBER} ms",
    "hash ms": rf"\| Roboflow export, JPEG 640x640 \| [\d.]+ -> {NUMBER}",
    "neighbours s": rf"\| 1,000,000 hashes within 6 bits, one process \| {NUMBER} s",
    "neighbours MiB": rf"\| 1,000,000 hashes within 6 bits, one process \| [\d.]+ s, {NUMBER} MiB",
    "split s": rf"\| split of 1,000,000 rows[^|]*\| {NUMBER} s",
    "split MB": rf"\| split of 1,000,000 rows[^|]*\| [\d.]+ s, {NUMBER} MB",
    "driver ms": rf"\| ray \| [\d,]+ \| \d+ \| \d+ \| {NUMBER} \|",
    "image B": rf"\| image, JPEG 640x640 \| {NUMBER} \|",
    "mask B": rf"\| mask, PNG \| {NUMBER} \|",
    "manifest B": rf"\| row of the manifest \| {NUMBER} \|",
    "journal B": rf"\| row of the journal \| {NUMBER} \|",
}


def rates(text: str) -> dict[str, float]:
    """Return every rate: the last match of its pattern, its last group.

    Raises
    ------
    SystemExit
        If RESULTS.md no longer says it.
    """
    found = {}
    for name, pattern in RATES.items():
        matches = list(re.finditer(pattern, text))
        if not matches:
            sys.exit(f"{RESULTS}: expected a row for {name} ({pattern}), found none")
        last = matches[-1]
        found[name] = float(last.group(last.lastindex or 1).replace(",", ""))
    rows = re.findall(rf"\| ray \| {NUMBER} \| {NUMBER} \| {NUMBER} \| ", text)
    (few, _, small), (many, _, large) = (
        [float(value.replace(",", "")) for value in one] for one in (rows[0], rows[-1])
    )
    found["driver B"] = 1e6 * (large - small) / (many - few)
    return found


def amount(value: float, units: Sequence[tuple[str, float]]) -> str:
    """Return a value in the largest unit of which there is at least one, two digits kept."""
    name, size = next(((n, s) for n, s in units if value >= s), units[-1])
    scaled = value / size
    return f"{scaled:,.0f} {name}" if scaled >= 10 else f"{scaled:.1f} {name}"


BYTES = (("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6))
SECONDS = (("years", 365 * DAY_S), ("days", DAY_S), ("hours", HOUR_S), ("minutes", 60), ("s", 1))


def row(name: str, *cells: str) -> str:
    """Return a line of a table."""
    return f"| {name} | {' | '.join(cells)} |"


def head(*names: str) -> list[str]:
    """Return the first lines of a table."""
    return [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]


def storage(rate: dict[str, float]) -> list[str]:
    """Return the table of bytes and reads."""
    lines = head("stored or read", "a sample", *(f"{count:,}" for count in COUNTS))
    for name, key in (
        ("images, JPEG 640x640", "image B"),
        ("masks, 8-bit PNG", "mask B"),
        ("`metadata.jsonl`", "manifest B"),
        ("journal of the run, gone when it ends", "journal B"),
    ):
        size = rate[key]
        total = (amount(count * size, BYTES) for count in COUNTS)
        lines.append(row(name, f"{size:,.0f} B", *total))
    lines.append(row("files opened to read", "1", *(f"{count:,}" for count in COUNTS)))
    lines.append(row("files written (image, mask)", "2", *(f"{2 * c:,}" for c in COUNTS)))
    return lines


def processing(rate: dict[str, float]) -> list[str]:
    """Return the table of CPU time."""
    lines = head(
        "work",
        "a sample",
        *(f"{count:,}: one core or GPU" for count in COUNTS),
        *(f"{count:,}: {CLUSTER_CORES:,} of them" for count in COUNTS),
    )
    for name, seconds in (
        ("`coco2mask`, 640x640", rate["coco2mask ms"] / 1e3),
        ("`augment`, 512x512, a copy", rate["augment 512 ms"] / 1e3),
        ("`matte`, 1920x1080", rate["matte 1080p s"]),
        ("`dedup`: a hash, JPEG 640x640", rate["hash ms"] / 1e3),
        ("`prelabel`, u2netp on CPUs", rate["u2netp ms"] / 1e3),
        ("`prelabel`, what CPUs do beside GPUs", rate["beside GPU ms"] / 1e3),
        (
            f"... and the GPUs, **not measured**: {rate['u2netp GFLOP']:g} GFLOP at {GPU_TFLOPS} "
            "TFLOP/s",
            rate["u2netp GFLOP"] / 1e3 / GPU_TFLOPS,
        ),
    ):
        alone = (amount(count * seconds, SECONDS) for count in COUNTS)
        many = (amount(count * seconds / CLUSTER_CORES, SECONDS) for count in COUNTS)
        lines.append(row(name, f"{1e3 * seconds:,.2f} ms", *alone, *many))
    return lines


def alone(rate: dict[str, float]) -> list[str]:
    """Return the table of what one process does for all samples together."""
    million = 1e6
    lines = head("in one process", "a sample", *(f"{count:,}" for count in COUNTS))
    for name, per, units in (
        ("handing out and journalling (the driver): CPU", rate["driver ms"] / 1e3, SECONDS),
        ("the driver: memory", rate["driver B"], BYTES),
        ("`dedup`, neighbours of hashes: CPU", rate["neighbours s"] / million, SECONDS),
        ("`dedup`, neighbours of hashes: memory", rate["neighbours MiB"] * 2**20 / million, BYTES),
        ("`split`: time", rate["split s"] / million, SECONDS),
        ("`split`: memory", rate["split MB"] * 1e6 / million, BYTES),
    ):
        single = f"{per * 1e6:,.0f} us" if units is SECONDS else f"{per:,.0f} B"
        lines.append(row(name, single, *(amount(count * per, units) for count in COUNTS)))
    return lines


def limits(rate: dict[str, float]) -> list[str]:
    """Return the table of how many samples each part bears."""
    room = MACHINE_GB * 1e9
    bears = {
        # MB for a million rows are bytes for one.
        f"`split` and `split --audit`: {MACHINE_GB} GB of memory": room / rate["split MB"],
        "one `metadata.jsonl`: 10 GB, read whole": 1e10 / rate["manifest B"],
        f"`dedup`, all neighbours in one process: {MACHINE_GB} GB of memory": room
        / (rate["neighbours MiB"] * 2**20 / 1e6),
        f"one driver: {MACHINE_GB} GB of memory": room / rate["driver B"],
        "one driver: a day of its CPU": DAY_S / (rate["driver ms"] / 1e3),
    }
    lines = head("what gives way, in this order", "at about")
    for name, count in sorted(bears.items(), key=lambda pair: pair[1]):
        lines.append(row(name, f"{float(f'{count:.2g}'):,.0f} samples"))
    lines.append("")
    lines += textwrap.wrap(fed(rate), 110)
    return lines


def fed(rate: dict[str, float]) -> str:
    """Say how many cores one driver keeps busy."""
    a_second = 1e3 / rate["driver ms"]
    rasterizing = a_second * rate["coco2mask ms"] / 1e3
    matting = a_second * rate["matte 1080p s"]
    return (
        f"A driver hands out {a_second:,.0f} samples per second: it feeds {rasterizing:,.0f} cores "
        f"of `coco2mask`, {matting:,.0f} of `matte`. The cheaper the work, the sooner one is "
        f"too few; {CLUSTER_CORES:,} cores of `coco2mask` need {CLUSTER_CORES / rasterizing:,.0f}."
    )


def tables(text: str) -> str:
    """Return the computed part of the page, from the text of RESULTS.md."""
    rate = rates(text)
    parts = (
        ("### Storage", storage(rate)),
        ("### Work that any number of machines share", processing(rate)),
        ("### Work that one process does", alone(rate)),
        ("### Where it breaks first", limits(rate)),
    )
    return "\n\n".join(f"{title}\n\n" + "\n".join(lines) for title, lines in parts)


def page(current: str, computed: str) -> str:
    """Return the page with its computed part replaced."""
    before, rest = current.split(BEGIN)
    return f"{before}{BEGIN}\n\n{computed}\n\n{END}{rest.split(END)[1]}"


def measure(export: str) -> None:
    """Print the bytes a sample that a conversion of this export reads and writes."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        command = [sys.executable, "-m", "datakit", "coco2mask", export, "-o", str(out), "-q"]
        subprocess.run([*command, "--workers", "1"], check=False)
        rows = (out / "metadata.jsonl").read_bytes().splitlines()
        # A journal has the manifest's row, the files with their sizes, and the key.
        journal = sum(
            len(one) + sum(len(str(path.relative_to(out))) + 12 for path in files(out)) / len(rows)
            for one in rows
        )
        for name, total in (
            ("image, JPEG 640x640", size(out, "images")),
            ("mask, PNG", size(out, "masks")),
            ("row of the manifest", sum(len(one) + 1 for one in rows)),
            ("row of the journal", journal),
        ):
            print(row(name, f"{total / len(rows):,.0f}"))


def files(out: Path) -> list[Path]:
    """Return images and masks."""
    return [path for kind in ("images", "masks") for path in out.glob(f"*/{kind}/**/*.*")]


def size(out: Path, kind: str) -> int:
    """Return the bytes of all files of a kind."""
    return sum(path.stat().st_size for path in out.glob(f"*/{kind}/**/*.*"))


def main() -> None:
    """Print, write or measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--measure", metavar="EXPORT")
    args = parser.parse_args()
    if args.measure:
        measure(args.measure)
        return
    computed = tables(RESULTS.read_text())
    if args.write:
        PAGE.write_text(page(PAGE.read_text(), computed))
    else:
        print(computed)


if __name__ == "__main__":
    main()
