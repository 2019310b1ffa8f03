"""Masks of objects: run lengths, polygons, exact coverage, outlines, and painting."""
