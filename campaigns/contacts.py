"""What our accounts know of people: the window each has open, with its evidence."""
