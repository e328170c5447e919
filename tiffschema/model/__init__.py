"""What reader and writer share: geometry, tag tables, enumerations, directories, text grammars.

This floor does no I/O and touches no pixels; it knows TIFF, and takes its structure from schemas.
Who offers schemas to users takes them from `model.sections`, which tells the compiler of the
sections that speak of TIFF.
"""
