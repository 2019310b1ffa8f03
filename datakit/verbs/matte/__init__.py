"""The verb ``matte``."""
