"""The verb ``forget``."""
