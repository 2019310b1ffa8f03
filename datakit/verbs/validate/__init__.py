"""The verb ``validate``."""
