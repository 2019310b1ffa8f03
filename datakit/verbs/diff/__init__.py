"""The verb ``diff``."""
