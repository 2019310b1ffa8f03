"""One file a verb: frozen options and ``run(options) -> Summary``. The Python API is these."""
