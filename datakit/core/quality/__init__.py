"""Measurements of a matte that its checks judge: edges, parts, traces of codecs."""
