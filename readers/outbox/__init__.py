"""The batches that Kafka has not confirmed yet, on disk. Of ours, imports only `common`."""
