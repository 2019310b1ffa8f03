"""The verb ``review``."""
