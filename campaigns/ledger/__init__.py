"""The ledger: one row a recipient and campaign, written before anything is sent.

Nothing else writes chunks and deliveries.

    record       a plan's rows, in bulk
    evidence     what echoes, receipts and replies prove
    chunks       who runs which chunk: ring, acquire, renew, release, recover
    claims       claim before the call
    settlements  settle after it
    withdrawal   taking back what has not been sent
    revival      what the named verbs return to pending, or decide about a row in doubt
    rewording    the words of a corrected message
    tallies      the counts that change with the rows, in their transaction
    writer       one thread a process that commits everybody's claims and settlements together

Every function takes an open transaction (`Runtime.writing()`); none commits by itself. Times are epoch milliseconds.
"""
