"""What the platforms allow, and who may therefore get a message.

    limits     figures of texts and buttons, with their dates
    windows    which events open a messaging window
    words      which words opt out, and in again
    findings   what a message breaks
    condition  a filter on columns
    screening  one reason for everybody who does not get it

The first three are light: the processes that send and listen use them without polars.
"""
