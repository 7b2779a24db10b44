"""Raw objects: their names (`keys`) and the stores that hold them (`contract`, `store`, `s3`)."""
