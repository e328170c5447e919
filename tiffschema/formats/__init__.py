"""What formats have that cannot be declared: one module per format, named by its schema."""
