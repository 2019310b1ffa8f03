"""Face detectors and face masks: one protocol, one adapter per file."""
