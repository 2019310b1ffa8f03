"""Frozen, validated records: what datakit writes down about samples, failures and runs."""
