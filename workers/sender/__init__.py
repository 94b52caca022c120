"""Sending one chunk: lease slots, claim, send each at its slot, settle. The rules that nobody gets it twice live here.

briefing   what a run must know of its campaign and page
wire       one HTTP call; every way it can end, as an Outcome
course     one run of one chunk
answers    what each Outcome does, in one place
brakes     pauses and slower rates, for everybody
breaker    when doubt pauses a page
settling   outcomes on their way to the ledger
"""
