"""Drafted labels: uncertainty, cleaning, colour models."""
