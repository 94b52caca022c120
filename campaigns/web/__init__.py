"""HTTP: health endpoints, and what comes to live beside them."""
