"""`twitch-ingestion tail`: reads the topics, and prints what is in them."""
