"""What the HTTP API takes and answers, one noun a file: what a server writes and a client reads."""
