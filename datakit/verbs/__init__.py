"""One package per verb: frozen options, the line from SRC to DST, and the task of one sample."""
