"""One connection to Twitch chat. Imports only `common` from this project."""
