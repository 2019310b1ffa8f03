"""Datasets as objects to hold in a script or a notebook."""
