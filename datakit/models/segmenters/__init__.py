"""Segmenters: one protocol, one adapter per file."""
