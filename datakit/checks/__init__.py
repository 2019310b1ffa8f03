"""Quality checks in three steps: measure, score, judge."""
