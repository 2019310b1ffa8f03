"""Readers and writers of other people's layouts, by name."""
