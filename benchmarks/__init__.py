"""Side-by-side measurements of tiffschema, its peers, and the bare work."""
