"""The Kafka cluster: its settings, health and topics. May import `publisher.stop_signals`."""
