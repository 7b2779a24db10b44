"""Raw objects: their names (`keys`) and the stores that keep them (`contract`, `store`, `s3`, `open`)."""
