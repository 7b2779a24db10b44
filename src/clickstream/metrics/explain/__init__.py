"""How a number is computed: its question, the SQL that ran, and the rows behind it."""
