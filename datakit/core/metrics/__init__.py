"""The field's errors and scores, and statistics that are the same to the last bit everywhere."""
