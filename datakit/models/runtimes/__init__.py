"""What runs a model: contracts, ONNX, torch, devices."""
