"""Other libraries: zarr, fsspec references, xarray, dask; each imported only on use."""
