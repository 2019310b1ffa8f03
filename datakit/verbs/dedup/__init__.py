"""The verb ``dedup``."""
