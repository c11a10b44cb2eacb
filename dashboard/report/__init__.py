"""The weekly report: its numbers, what they say, and the files that are forwarded."""
