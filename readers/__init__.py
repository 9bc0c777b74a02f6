"""
The reader processes, one per channel: Twitch chat in, batches for the publisher out.

This package joins its rooms together. Nothing in `publisher`, `auth` or `simulator` is imported.
"""
