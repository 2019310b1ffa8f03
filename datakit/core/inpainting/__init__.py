"""Filling a hole in a photo from the photo itself."""
