"""The name that this service is installed under."""

DISTRIBUTION = "twitch-ingestion-service"
