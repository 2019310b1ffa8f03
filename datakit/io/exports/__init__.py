"""Writers that have not moved to `datakit.io.layouts` yet."""
