"""Scripts and lessons: play them, judge them, check them. Their files are data and never run code."""
