"""The verb ``trimap``."""
