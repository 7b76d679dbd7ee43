"""The Open Inference Protocol: over HTTP, and with the extra `grpc` over gRPC.

Both ways are thin. `service` says what there is, `infer` hands an inference to the data
plane as the bytes that came, and the worker translates between tensors and arguments
(`deepaas.model.openinference`). A request that comes over gRPC is written as the one
that HTTP would have brought.
"""
