"""``python -m datakit``, and the console script.

Worker processes import the module of the main program again: it must stay as light as this.
"""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from datakit.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
