"""Colours for spans: tokens, lexers and styles for Pygments. No grammar of its own."""
