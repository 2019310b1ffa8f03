"""Soft alphas: trimaps, estimation, foreground colours, compositing, repair."""
