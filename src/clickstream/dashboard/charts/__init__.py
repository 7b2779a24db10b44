"""Charts: pure functions from data to what the browser draws, and the output that carries it there."""
