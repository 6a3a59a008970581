"""Reports: losses compared on one split of the data, as numbers, words, pictures and a page."""
