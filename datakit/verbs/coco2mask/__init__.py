"""The verb ``coco2mask``."""
