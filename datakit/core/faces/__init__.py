"""Faces: detections, the mask of a face, crops, and making its pixels unrecognisable."""
