"""Raw objects: their names (`keys`) and where they are kept (`store`)."""
