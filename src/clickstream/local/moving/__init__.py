"""From one warehouse to another: `clickstream warehouse move`."""
