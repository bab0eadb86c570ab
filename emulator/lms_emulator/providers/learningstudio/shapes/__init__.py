"""JSON of the records, with keys in the order of real answers where one was seen."""
