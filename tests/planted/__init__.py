"""Clean mattes, and defects planted in them: for tests and for benchmarks/qc_detection.py."""
