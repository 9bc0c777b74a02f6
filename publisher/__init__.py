"""
The publisher process: batches from the readers in, Kafka records out.

The modules here connect the subpackages. Imports nothing of `readers`, `auth` or `simulator`.
"""
