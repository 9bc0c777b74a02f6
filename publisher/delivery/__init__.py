"""Turns batches into confirmed Kafka records. May import `publisher.link` and `publisher.kafka`."""
