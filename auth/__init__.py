"""The auth process: keeps the shared Twitch token file valid, and does the one-time logins."""
