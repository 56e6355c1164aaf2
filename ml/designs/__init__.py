"""Pictures designed for a taste: the search for them, and what they are worth."""
