"""The verb ``prelabel``."""
