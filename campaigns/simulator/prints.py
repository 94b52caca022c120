"""Counting how often each of a million things was seen, in some 20 bytes a thing."""

from array import array
from collections.abc import Hashable

SHARDS = 256
SMALLEST = 64
MANY = 255
WORD = 0xFFFF_FFFF_FFFF_FFFF


class Prints:
    """Counts by 64-bit fingerprint: two things may share one, once in 37 million tables of a million things.

    Split into shards so that growing one never stops the platform for more than some milliseconds. Counts stop at 255.
    """

    def __init__(self) -> None:
        self._shards = [_Shard() for _ in range(SHARDS)]

    def add(self, thing: Hashable) -> int:
        """Count the thing once more and return how often it was seen."""
        word = (hash(thing) & WORD) or 1  # 0 marks a free slot
        return self._shards[word & (SHARDS - 1)].add(word)

    def __len__(self) -> int:
        return sum(shard.used for shard in self._shards)


class _Shard:
    """A hash table with linear probing, at most two thirds full."""

    __slots__ = ("counts", "used", "words")

    def __init__(self) -> None:
        self.used = 0
        self._allot(SMALLEST)

    def add(self, word: int) -> int:
        slot = self._slot(word)
        if not self.words[slot]:
            self.words[slot] = word
            self.counts[slot] = 1
            self.used += 1
            if self.used * 3 > len(self.words) * 2:
                self._grow()
            return 1
        self.counts[slot] = min(MANY, self.counts[slot] + 1)
        return self.counts[slot]

    def _slot(self, word: int) -> int:
        words = self.words
        mask = len(words) - 1
        slot = (word >> 8) & mask
        while words[slot] and words[slot] != word:
            slot = (slot + 1) & mask
        return slot

    def _allot(self, slots: int) -> None:
        self.words = array("Q", bytes(8 * slots))
        self.counts = bytearray(slots)

    def _grow(self) -> None:
        words, counts = self.words, self.counts
        self._allot(2 * len(words))
        for word, count in zip(words, counts, strict=True):
            if word:
                slot = self._slot(word)
                self.words[slot] = word
                self.counts[slot] = count
