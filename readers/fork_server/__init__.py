"""
The fork server: a process of its own that has imported what a reader needs, and forks readers.

supervisord starts it (`client.py`, `extension.py`) and asks it for each reader. All else runs in
the fork server (`server.py`, `preload.py`, `immortal.py`), or in the new reader (`new_reader.py`).
docs/decisions/preloading-by-fork.md says why.
"""
