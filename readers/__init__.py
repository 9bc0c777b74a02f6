"""
The reader processes, one per channel: receive Twitch chat, and send batches to the publisher.

The modules here connect the subpackages. They import nothing from `publisher`, `auth` or
`simulator`.
"""
