"""Shared by readers, publisher and auth, and imports none of them: frames, settings, logging."""
