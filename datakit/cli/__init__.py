"""The command line: click only, made from the table of verbs."""
