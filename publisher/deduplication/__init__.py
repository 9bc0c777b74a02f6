"""Leaves out what another reader has sent already. May import the other rooms of `publisher`."""
