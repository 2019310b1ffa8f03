"""Weights as data: provenance, licence, digests, loaders that run no code."""
