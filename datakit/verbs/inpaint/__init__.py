"""The verb ``inpaint``."""
