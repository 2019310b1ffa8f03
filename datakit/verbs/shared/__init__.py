"""What verbs share: options, the line from SRC to DST, samples as arrays, evidence."""
