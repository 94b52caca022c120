"""Every command: the module it lives in, and the sentence that `pagecast --help` shows for it.

A module is imported when its command is invoked, so it imports what it needs at its top, and `--help` starts at once. A
test holds the sentences equal to those of the commands.
"""

VERBS = {
    "submit": ("drafts", "Read a campaign file and its list, and keep both as a draft."),
    "plan": (
        "drafts",
        "Show what a launch would do: counts by reason, the forecast, and the token that a launch needs.",
    ),
    "preview": ("drafts", "Show the message as three people of the list would get it, or one of them."),
    "test-send": ("trials", "Send the message once to one of your testers, outside the campaign's ledger and counts."),
    "launch": ("drafts", "Launch a draft as its plan says. Workers (`pagecast up`) do the sending."),
    "pause": ("control", "Stop sending within a second; what is on the wire ends and is settled."),
    "change": (
        "changes",
        "Change the rate, weight, hours or quiet time of a launched campaign; it takes effect within two seconds.",
    ),
    "resume": ("control", "Go on with a paused campaign."),
    "cancel": ("control", "End a campaign: nobody else gets it; who got it stays in the ledger."),
    "explain": ("reports", "Say everything known about one person in a campaign, and why."),
    "report": ("reports", "Write results.csv, results.parquet, summary.json and report.html; at any time."),
    "status": ("standings", "Show how a campaign stands; without an id, list the latest ones."),
    "remainder": (
        "copies",
        "Write everyone who was not reached, in the columns of the list, as the next one; cells stay as they were.",
    ),
    "clone": ("copies", "Make a new draft of the same message, list, pages and limits."),
    "retry": (
        "corrections",
        "Send again to people who failed, were skipped or cancelled, after screening each of them anew.",
    ),
    "resolve": (
        "corrections",
        "Decide about people whose outcome is unknown: it was sent, it was not, or send it again.",
    ),
    "revise": ("corrections", "Correct a paused campaign's message for everyone who has not got it yet."),
    "check": ("lists", "Validate a list and say what every line would become; nothing is stored."),
    "person": (
        "people",
        "Show what every campaign sent to one person, with message and request ids, their windows and suppressions.",
    ),
    "run": ("running", "Import, plan, confirm, launch, watch and report; run again to go on where it stopped."),
    "watch": ("running", "Watch a campaign until it ends; the sending goes on without you."),
    "demo": ("demo", "Do the whole job against the built-in simulator, in a folder of its own."),
    "backup": (
        "safekeeping",
        "Write database, inbox and stored lists into one file, while everything runs; secrets are not in it.",
    ),
    "restore": (
        "safekeeping",
        "Put a backup in the place of the state folder's database and lists; its campaigns are paused.",
    ),
    "up": ("system", "Keep workers, clock, web and the bundled Redis up until interrupted."),
    "simulate": (
        "simulation",
        "Be Graph and Orbit on this machine until interrupted; prints where, as one JSON document, once it listens.",
    ),
    "doctor": ("system", "Examine the installation, and say for everything that is wrong what to do about it."),
    "migrate": (
        "system",
        "Bring the database to the shape of this version, or move one there; does nothing where it is there.",
    ),
    "events": (
        "inbound",
        "Show what came in by webhook, the latest first: messages, receipts, echoes, opt-outs.",
    ),
    "contacts": ("contacts", "People who wrote to our accounts, and the windows that they opened."),
    "keys": ("keys", "Who may use the HTTP API and the dashboard, and as what."),
    "notices": ("notices", "Who is told what happens to campaigns and pages: by webhook, chat or e-mail."),
    "pages": ("pages", "The sending accounts."),
    "testers": ("testers", "People of ours whom tests may go to."),
    "suppress": ("suppressions", "People who must not be messaged."),
}
