"""`twitch-ingestion check`: what is wrong with this installation, before anything starts."""
