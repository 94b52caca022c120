"""What happened, and what is happening: one set of functions feeds CLI, API, dashboard and the exported files."""
