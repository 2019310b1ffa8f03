"""The only room that opens files: images, manifests, datasets, and other people's layouts."""
