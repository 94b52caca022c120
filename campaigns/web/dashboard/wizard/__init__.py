"""The wizard for a new campaign: recipients, message, schedule and limits, review.

content      the part of a campaign file that is there so far, and what it lacks
visit        one person at one sketch: what is open, and how it is saved
origin       where it begins that does not begin with nothing
steps        around each step: where one is, Back and Next
errand       long work: in a thread, or as a job where the list is long
recipients   the first step; with arrival (a file comes in), listing (what it was read as)
message      the second; with reading (what becomes of the text) and bubbles (how it looks)
schedule     the third; with pace, choosing (who of the list), zones, curves (who is lost) and picture (one curve)
review       the last; with outcome (a plan as people read it) and pricing
"""
