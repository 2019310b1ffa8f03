"""The verb ``weights``."""
