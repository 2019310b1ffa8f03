"""The verb ``run``."""
