"""The reader processes, one per channel: Twitch chat in, batches for the publisher out."""
