"""The verb ``eval``."""
