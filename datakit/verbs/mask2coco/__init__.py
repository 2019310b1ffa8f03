"""The verb ``mask2coco``."""
