"""The auth process: keeps the shared Twitch token file valid, and runs the one-time logins."""
