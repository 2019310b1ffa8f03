"""The verb ``augment``."""
