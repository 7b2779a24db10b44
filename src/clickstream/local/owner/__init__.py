"""The owner, the process that holds the warehouse; and how commands use it or open the warehouse themselves."""
