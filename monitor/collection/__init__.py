"""What is known about this host: its status pages, its programs, and what follows from them."""
