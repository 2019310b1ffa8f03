"""The verb ``anonymize``."""
