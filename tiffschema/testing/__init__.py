"""For tests of schemas and readers: strategies, checks, annotated hex dumps."""
