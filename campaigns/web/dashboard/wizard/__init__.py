"""The wizard for a new campaign: recipients, message, schedule and limits, review.

content      the part of a campaign file that is there so far, and what it lacks
visit        one person at one sketch: what is open, and how it is saved
errand       long work: in a thread, or as a job where the list is long
steps        around each step: where one is, Back and Next
"""
