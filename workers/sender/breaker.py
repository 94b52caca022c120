"""When doubt pauses a page: five unknown outcomes in a row, or a fifth of the last fifty."""

from collections import deque

IN_A_ROW = 5
WINDOW = 50
SHARE = 0.2
FIRST_PAUSE = 30.0
LONGEST_PAUSE = 900.0


class Breaker:
    """Counts one page's answers in one process; forgets them when it opens."""

    def __init__(self) -> None:
        self._recent: deque[bool] = deque(maxlen=WINDOW)
        self._row = 0

    def saw(self, *, doubt: bool) -> bool:
        """Count an answer; True means that the page must pause now."""
        self._recent.append(doubt)
        self._row = self._row + 1 if doubt else 0
        full = len(self._recent) == WINDOW
        if self._row < IN_A_ROW and not (full and sum(self._recent) >= SHARE * WINDOW):
            return False
        self._recent.clear()
        self._row = 0
        return True


def pause_for(level: int) -> float:
    """Return the seconds of the `level`-th opening in a row, counted from 0: 30 s, doubling to 15 minutes."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**level)
