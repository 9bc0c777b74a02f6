"""The command `twitch-ingestion`: one entry to the commands of all packages."""
