"""``python -m datakit``, and the console script.

Worker processes import the module of the main program again: it must stay as light as this.
"""

import os

# What `signal` wraps, without the enumerations that take it 10 ms to make.
from _signal import SIG_IGN, SIGINT, getsignal, signal  # type: ignore[import-not-found]


def main() -> None:
    """Run the command line.

    Exit codes: see `datakit.cli.main.app`; here, 130 is made sure of from the first instruction
    on, and 70 for whatever nobody foresaw.
    """
    if getsignal(SIGINT) is not SIG_IGN:
        signal(SIGINT, _end_at_once)
    from datakit.cli.main import main as run

    raise SystemExit(run())


def _end_at_once(number: int, frame: object) -> None:
    # While modules are imported, an exception may be taken for a library that is missing.
    os.write(2, b"Interrupted.\n")
    os._exit(128 + number)


if __name__ == "__main__":
    main()
