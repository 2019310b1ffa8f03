"""The verb ``split``."""
