"""One supervisord program per channel. Of ours, imports only `common`."""
