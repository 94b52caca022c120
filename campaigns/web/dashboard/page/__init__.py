"""The parts of the pages' screens.

health   how a page is: what it does, why it does not, at what rate, and what to do
deeds    what can be done with a page, and the questions before it
entry    adding a page, or giving it another token, rate or address
testers  whom tests may go to
"""
