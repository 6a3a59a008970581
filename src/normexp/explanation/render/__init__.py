"""A derivation as text, LaTeX, HTML and plain values, and its graph as a picture."""
