"""What visitors do: pages, times of day, funnels, return visits, paths, searches."""
