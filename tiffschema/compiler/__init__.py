"""Schema language and compiler: declarations in, parsers and builders out.

The compiler sees bytes and declarations, never TIFF. YAML becomes a checked, frozen IR (`load`,
`syntax`, `ir`), the IR becomes a plan of steps per struct (`plan`), the plan is printed by targets.
"""
