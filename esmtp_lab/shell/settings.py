"""What a reader can set, each with its values."""

DEPTHS = ("off", "short", "full")
VIEWS = ("bench", "stream")
SWITCH = ("on", "off")
THEMES = ("terminal", "dark", "light")
