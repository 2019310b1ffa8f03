"""What happens to one sample, in a worker: the heavy imports are here and below."""
