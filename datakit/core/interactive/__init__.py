"""Interactive segmentation and matting: what a person's clicks, boxes and strokes mean."""
