"""The verb ``select``."""
