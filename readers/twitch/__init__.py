"""One connection to Twitch chat. Of ours, imports only `common`."""
