"""Sends batches to the publisher and takes its acknowledgements. May import `readers.outbox`."""
