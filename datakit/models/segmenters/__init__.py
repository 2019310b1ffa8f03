"""Segmenters: one protocol, one adapter a file."""
