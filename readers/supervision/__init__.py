"""One supervisord program per channel. Imports only `common` from this project."""
