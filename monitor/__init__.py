"""Shows what happens: metrics, health, a live page, and `top`, from the status pages of a host."""
