"""A reader of hostile files under atheris: inputs that grow where they reach new code.

    pip install atheris
    python benchmarks/fuzz_readers.py coco|xml|yaml|zip|onnx|pickle|jpeg [--minutes 5] [--keep DIR]

Anything that is raised but an error of ours, 10 s for one input, or 2 GB of memory ends the run,
and the input is written to DIR. What reached new code is kept there too; a small part of it lies in
tests/fuzz/corpus/readers.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1]))

with atheris.instrument_imports(
    include=["datakit", "yaml", "zipfile", "pickletools", "pickle", "json"]
):
    from tests.fuzz.readers import FOUND, TARGETS, survive

MOST_BYTES = 4096
SECONDS_AN_INPUT = 10
MEMORY_MB = 2000


def main() -> None:
    """Start libFuzzer, which never returns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reader", choices=sorted(TARGETS))
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--keep", type=Path, help="folder of what is found")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    seeds = FOUND / asked.reader
    found = asked.keep or Path(tempfile.mkdtemp(prefix=f"fuzz-{asked.reader}-"))
    found.mkdir(parents=True, exist_ok=True)
    # What is imported late is instrumented here, by reading every seed once.
    with atheris.instrument_imports(include=["datakit", "yaml", "zipfile", "pickletools"]):
        for path in sorted(seeds.iterdir()):
            survive(asked.reader, path.read_bytes())
    atheris.Setup(
        [
            sys.argv[0],
            str(found),
            str(seeds),
            f"-max_total_time={round(60 * asked.minutes)}",
            f"-max_len={MOST_BYTES}",
            f"-timeout={SECONDS_AN_INPUT}",
            f"-rss_limit_mb={MEMORY_MB}",
            f"-artifact_prefix={found}/",
            "-print_final_stats=1",
        ],
        lambda data: survive(asked.reader, data),
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
