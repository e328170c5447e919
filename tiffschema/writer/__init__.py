"""Writing of TIFF: plan, layout, encoding, publishing.

Knows the model and the codecs; never the reader.
"""
