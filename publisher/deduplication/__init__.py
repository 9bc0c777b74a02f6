"""Leaves out what another reader has already sent. May import all of `publisher`."""
