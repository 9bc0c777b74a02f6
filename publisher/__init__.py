"""
The publisher process: batches from the readers in, Kafka records out.

This package joins its rooms together. Nothing in `readers`, `auth` or `simulator` is imported.
"""
