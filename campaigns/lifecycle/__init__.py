"""The verbs that web and CLI call; the only ways between a campaign's states.

submit   a campaign file and its list become a draft
plan     counts, forecast and the token that a launch needs
launch   the ledger's rows; then scheduled, or sending
control  pause, resume, cancel
advance  what time alone brings: start, deadline, finish
retry    who failed, was set aside or cancelled is sent to again
resolve  somebody decides about rows in doubt
revise   a paused campaign's message, corrected for the remainder
clone    the same campaign once more, as a draft
find     which campaign an id, prefix, name or `last` means

draft → scheduled → sending ⇄ paused → finished
  any of them but finished → cancelled
  finished | cancelled → sending, by retry and resolve
"""
