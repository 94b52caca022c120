"""`python -m campaigns.cli` is `pagecast`."""

from campaigns.cli import main

main()
