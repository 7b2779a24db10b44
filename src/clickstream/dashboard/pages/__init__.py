"""The pages: one Shiny module each, with a `page_ui` and a `page_server`. They query metrics and format the answers."""
