"""A local Twitch for the demo and the tests. Nothing that runs in production imports it."""
