"""Segmenters and face detectors: one protocol, one adapter a file."""
