"""What can be asked of the API, one noun a module. Every function returns a call and does nothing."""
