"""Who buys, what with, and what brought them: orders beyond their sum."""
