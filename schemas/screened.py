"""The columns of a screened list: what `campaigns.policy` decides and `campaigns.plan` divides.

Beside these it keeps `_line`, `_recipient` and `_rule` of the stored list. Every row is one of three: rejected
(`_rule` set), set aside (`_reason` set), or eligible (neither).
"""

PAGE_ID = "_page_id"
"""Int64: the page that sends to the person; null where the row names none that the campaign knows."""
SENDER_ID = "_sender_id"
"""Int64: that page's account; null with it."""
CLOSING = "_closing"
"""Int64: epoch milliseconds at which the window closes; null where it is not known."""
EFFECTIVE = "_effective"
"""Int64: the closing less the campaign's margin, the last moment at which we send."""
REASON = "_reason"
"""String: the one reason why the person is set aside, from `schemas.reason`; null for everyone else."""
FREE_AT = "_free_at"
"""Int64: epoch milliseconds from which on the cap on messages to a person lets them have one more; null for who may
have it now. Only where there is a cap."""
INSTEAD = "_instead"
"""Int64: the line that stands for this row's customer; null for every other row. Only where a customer has one."""
VARIABLES = "_variables"
"""String: a JSON list of the letter's variables in order, null for a blank cell."""
BLANK = "_blank:"
"""Boolean: this and a variable's name is the column that tells where its cell is blank."""
