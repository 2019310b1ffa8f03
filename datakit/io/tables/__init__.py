"""Tables and documents: CSV, JSON Lines, Parquet, YAML, plots."""
