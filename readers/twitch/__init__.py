"""One connection to Twitch chat. Imports only `common` and `readers.parsing` from this project."""
