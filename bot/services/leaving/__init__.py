"""What is let go of: a person who is erased, a school year that is over."""
