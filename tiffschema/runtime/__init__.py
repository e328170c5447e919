"""Reading: sources of bytes, chains of directories, pages, pixels, series.

Knows model and codecs; never the writer, nor what is above.
"""
