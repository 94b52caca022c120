"""The parts of one campaign's screen.

seen       what is looked at: the campaign, how it stands, and when that was
piece      a part of the screen that is built anew when what it shows changes
offers     which actions a state and a key's rights allow
standing   sentence, counters, progress, pace and what comes next
notes      what waits for a person
chart      the pace over time
reasons    why people did not get it, and the platform's latest refusals
people     who is in which state; person: everything about one of them
ways       from the rows of the list to the answers, in all and by page
answers    what came back
exports    files of the report, made by jobs
history    who did what
stopping, launching, changing, revising, again, trying: the verbs that ask
"""
