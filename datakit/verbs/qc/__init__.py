"""The verb ``qc``."""
