"""A local Twitch for the demo and the tests. Production code does not import it."""
