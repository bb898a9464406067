"""A OneRoster bundle (1EdTech's CSV binding, 1.1 and 1.2, bulk) beside a school's own files: who is there, who advises
whom, whose family is whose, and the terms."""
