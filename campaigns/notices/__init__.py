"""Notices: what happened to campaigns and pages, told by webhook, chat or e-mail to those who asked for it.

A notice is a row written by the event that it tells of, in that event's transaction. It is delivered at least once: a
process that dies between sending and noting it sends it again, with the id it had.
"""
