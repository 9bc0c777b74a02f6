"""Receives batches from the readers over ZeroMQ. Imports nothing of this project but `common`."""
