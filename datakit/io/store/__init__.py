"""Paths and bytes: atomic files, object stores, locks, archives."""
