"""Pictures on disk: the one decoder and the one encoder."""
