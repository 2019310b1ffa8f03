"""A package of somebody else's that adds parts to datakit, and its test."""
