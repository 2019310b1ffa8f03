"""Run one task over many samples: in this process, in worker processes, or on a cluster."""
