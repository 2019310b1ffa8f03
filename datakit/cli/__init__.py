"""The command line: click only, one thin file a verb."""
