"""Whether pictures show the same scene: hashes, near neighbours, registration."""
