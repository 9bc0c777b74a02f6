"""What readers, publisher and auth share: messages, frames, settings, logging."""
