"""The answers behind the pages: a browser's state, the shared cache, and the watch for new loads."""
