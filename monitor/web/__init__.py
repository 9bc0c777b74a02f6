"""The HTTP server: live page, metrics, health."""
