"""A working as text, LaTeX, HTML and plain values, and its graph as a picture."""
