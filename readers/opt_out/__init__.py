"""People who do not want to be recorded: who they are, and what of a channel is withheld."""
