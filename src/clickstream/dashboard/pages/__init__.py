"""The pages: a Shiny module each, with a `page_ui` and a `page_server`. They ask, and format what comes back."""
