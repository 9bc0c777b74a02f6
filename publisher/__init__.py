"""The publisher process: batches from the readers in, Kafka records out."""
