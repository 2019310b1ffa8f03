"""The verb ``stats``."""
