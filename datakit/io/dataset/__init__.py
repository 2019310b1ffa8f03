"""A dataset folder being written: workspace, journal, manifest."""
