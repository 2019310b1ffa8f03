"""Face embeddings: any ONNX model through a contract of its own."""
