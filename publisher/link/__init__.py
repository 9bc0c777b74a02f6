"""Receives batches from the readers over ZeroMQ. Of ours, imports only `common`."""
