"""Charts: pure functions from data to chart options, and the Shiny output that sends them to the browser."""
