"""A run as one frozen value: which verb, with which options, from where to where."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import msgspec

from datakit.io.layouts.sources import Collection
from datakit.io.store.storage import Location, location
from datakit.records.base import Options
from datakit.records.card import Command
from datakit.records.sample import Operation
from datakit.verbs.shared.options import WriteOptions, existing_inputs, recorded_options
from datakit.version import __version__


@dataclass(frozen=True)
class Run:
    """One call of a verb that writes.

    Parameters
    ----------
    verb : str
        The verb's name.
    options : WriteOptions
        Its options.
    source : Collection
        The opened source; an empty collection for a verb that reads something else.
    decided_by : tuple of str
        What else decides the result and no option holds (digests of a model's weights): a run is
        only resumed with the same.

    Attributes
    ----------
    target : Path or ObjectPath
        DST.
    origins : tuple of Path or ObjectPath
        SRC, one or several.
    command : Command
        What the card's chain of commands keeps of this run.
    inputs : tuple of (str, Path or ObjectPath)
        Option and path of what is read beside the source.
    fingerprint : str
        sha256 of what makes two runs the same: origins, command, the content of the files that
        options name, and ``decided_by``.
    """

    verb: str
    options: WriteOptions
    source: Collection
    decided_by: tuple[str, ...] = ()

    @cached_property
    def target(self) -> Location:
        """Where the run writes to."""
        return location(self.options.out)

    @cached_property
    def origins(self) -> tuple[Location, ...]:
        """What the run reads its samples from."""
        return tuple(map(location, self.options.src))

    @cached_property
    def command(self) -> Command:
        """The command, with all options that decide the result, defaults included."""
        return Command(verb=self.verb, version=__version__, options=recorded_options(self.options))

    @cached_property
    def fingerprint(self) -> str:
        """The digest that a resumed run must have in common with the interrupted one."""
        origins = [str(origin.resolve()) for origin in self.origins]
        return _digest([origins, self.identity])

    @cached_property
    def identity(self) -> str:
        """The fingerprint without paths, for the record of a dataset."""
        files = [
            (option, hashlib.sha256(path.read_bytes()).hexdigest())
            for option, path in self.inputs
            if path.is_file()
        ]
        return _digest([self.command, files, *self.decided_by])

    @cached_property
    def inputs(self) -> tuple[tuple[str, Location], ...]:
        """Option and path of what is read beside the source; words that are no path left out."""
        return existing_inputs(self.options)

    def made(self, command: Command) -> bool:
        """Tell whether a card's command is this run's."""
        command = msgspec.structs.replace(command, failed=0, failures=(), libraries={})
        # As JSON, because a card was read from it: a tuple comes back as a list.
        texts = [msgspec.json.encode(one, order="deterministic") for one in (command, self.command)]
        return texts[0] == texts[1]


def _digest(value: list[object]) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()


def operation(verb: str, options: Options) -> Operation:
    """Return the step that a sample's history keeps of a run: the options that were chosen.

    The card's chain of commands has all options, defaults included.
    """
    defaults = {
        field.name: field.default
        if field.default_factory is msgspec.NODEFAULT
        else field.default_factory()
        for field in msgspec.structs.fields(options)
    }
    chosen = {
        name: value for name, value in recorded_options(options).items() if value != defaults[name]
    }
    params = msgspec.json.encode(chosen, order="deterministic").decode()
    return Operation(verb=verb, version=__version__, params=params)
