"""Pages that people look at: the report, one HTML file; and the review, a local server."""
