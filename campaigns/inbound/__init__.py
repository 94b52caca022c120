"""What comes back: events kept once, and everything that they change."""
