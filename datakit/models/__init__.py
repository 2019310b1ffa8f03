"""Segmenters and face detectors: one protocol, one adapter per file."""
