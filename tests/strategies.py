"""What hypothesis draws from: small recipient lists as files, with everything that goes wrong in real ones."""

import csv
import io

from hypothesis import strategies as st

HEADER = ["recipient_id", "page", "last_inbound_at", "opted_out", "note"]

ids = st.sampled_from(
    (
        *(
            "17841400000000001",
            "17841400000000002",
            "5",
            " 7 ",
            "",
            "  ",
            "0123",
            "1.78E+16",
            "1,78e+16",
            "178.0",
            "abc",
        ),
        *("12345678901234567890123", "9" * 32, "9" * 33, "18446744073709551616", "+5", "-5"),
    )
)
pages = st.sampled_from(["", "acme", "beta", " acme "])
times = st.sampled_from(
    (
        *("", "2026-03-04T05:06:07Z", "2026-03-04 05:06:07", "2026-03-04", "2026-03-04T05:06+02:00", "1772600767"),
        *("1772600767123", "2026-03-04T05:06:07.25-0330", "03/04/2026", "soon", "2026-02-30", "20260304", "1.7E+12"),
    )
)
opt_outs = st.sampled_from(["", "yes", "NO", "0", "1", "x", "unsubscribed", " t "])
notes = st.sampled_from(["", "plain", "a, b", 'say "hi"', "two\nlines", "Zoë 🎉", " ", "; \t"])
rows = st.tuples(ids, pages, times, opt_outs, notes).map(list)
short_rows = rows.map(lambda row: row[:3])
long_rows = st.tuples(rows, st.sampled_from([["extra"], [""], ["", "extra"]])).map(lambda pair: pair[0] + pair[1])
blank_lines = st.just([])


@st.composite
def lists(draw: st.DrawFn) -> bytes:
    """Draw a CSV file as bytes, with its header; it has at least one usable row, the first."""
    usual = draw(st.booleans())
    kinds = rows if usual else st.one_of(rows, rows, rows, short_rows, long_rows, blank_lines)
    text = io.StringIO()
    writer = csv.writer(
        text,
        delimiter=draw(st.sampled_from(",;\t")),
        lineterminator=draw(st.sampled_from(["\n", "\r\n"])),
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
    )
    writer.writerows([HEADER, ["1", "acme", "2026-03-04T00:00:00Z", "", "first"], *draw(st.lists(kinds, max_size=12))])
    return (b"\xef\xbb\xbf" if draw(st.booleans()) else b"") + text.getvalue().encode()
