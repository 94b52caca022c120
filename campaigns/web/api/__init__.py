"""The HTTP API under /api/v1: one module a resource, each of which calls the verbs that the command line calls.

door       who comes in: a request id, the key, and how often a wrong one may be tried
once       a request that comes again under its Idempotency-Key gets the answer of the first time
envelope   what every answer looks like, and every error
desk       what a route works with, and the right that it asks for
"""
