"""What a third-party package looks like: a layout, a segmenter, a detector, a check and a verb."""
