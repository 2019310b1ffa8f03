"""Network definitions in torch, and their weights by published names."""
