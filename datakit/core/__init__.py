"""Arrays in, arrays out: the algorithms of portrait segmentation and matting data."""
