"""Status pages: what each process tells about itself, in a file that is mapped to memory."""
