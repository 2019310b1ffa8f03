"""Augmentation presets and the joint warp of image, mask, alpha and trimap."""
