"""What will happen before it happens.

    calendar   when sending is allowed, right over changes of clocks
    turns      who is reached, and who is not, in the order of closing windows
    division   the list in chunks, everyone counted
    forecast   the plan that people read, and the token that binds a launch to it

The first is light: the processes that send use it without polars.
"""
