"""Texts in which an alarm runs into an idiom, or ends in one: where an idiom is of use if anywhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from bot.dialogue.phrases import GAP, WIDEST_GAP, expand, fold, respell

ALARMS = ("explicit", "look", "mention")
FEW = 4
"""Ways to begin an alarm that are tried for each way it can run into an idiom."""


class Overlaps:
    """The alarms of one safety.toml, written as `bot.dialogue.phrases.expand` reads them."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._lists = data["lists"]
        self._same = dict.fromkeys(map(fold, data["ignore"]), "")
        self._same |= {fold(word): fold(meant) for word, meant in data["same_word"].items()}
        self._ways_of: dict[str, list[list[str]]] = {}
        self._ending: dict[str, list[list[str]]] = defaultdict(list)  # by their last word, and by any before a gap
        for alarm in (phrase.split() for name in ALARMS for phrase in data[name]):
            for cut in self._cuts(alarm):
                for way in self._ways(alarm[cut - 1]):
                    if way and alarm not in self._ending[way[-1]]:
                        self._ending[way[-1]].append(alarm)

    def texts(self, idiom: str) -> Iterator[str]:
        """Such texts, with nothing in them but the idiom and what the alarm needs."""
        for words in expand(idiom, self._lists):
            said = respell(words, self._same)
            for number, word in enumerate(said, 1):
                for alarm in self._ending.get(word, ()):
                    yield from self._over(said, number, alarm)

    def _over(self, said: Sequence[str], upto: int, alarm: Sequence[str]) -> Iterator[str]:
        """The alarm has the idiom's words up to a number as its own, and its rest in the gap that follows, if any."""
        begins = max((number for number in range(1, upto) if said[number - 1] == GAP), default=0)
        gap = upto < len(said) and said[upto] == GAP
        for cut in self._cuts(alarm):
            rest = [word for slot in alarm[cut:] if slot != GAP for word in self._ways(slot)[0]]
            if len(rest) > (WIDEST_GAP if gap else 0):
                continue
            for lead in islice(self._leads(alarm[:cut], said[begins:upto]), FEW):
                text = [*said[:begins], *lead, *said[begins:upto], *rest, *said[upto:]]
                yield " ".join("5" if word == "#" else word for word in text if word != GAP)

    def _leads(self, alarm: Sequence[str], words: Sequence[str]) -> Iterator[list[str]]:
        """What may stand before these words so that they end the alarm, or this part of it."""
        if not alarm:
            yield []
            return
        *before, last = alarm
        if last == GAP:
            for inside in range(min(WIDEST_GAP, len(words)) + 1):
                yield from self._leads(before, words[: len(words) - inside])
            return
        for way in self._ways(last):
            shared = min(len(way), len(words))
            if way[len(way) - shared :] == words[len(words) - shared :]:
                for lead in islice(self._leads(before, words[: len(words) - shared]), FEW):
                    yield [*lead, *way[: len(way) - shared]]

    def _ways(self, slot: str) -> list[list[str]]:
        if slot not in self._ways_of:
            ways = [respell(words, self._same) for words in expand(slot, self._lists)]
            self._ways_of[slot] = [*ways, []] if slot.endswith("?") else ways
        return self._ways_of[slot]

    @staticmethod
    def _cuts(alarm: Sequence[str]) -> list[int]:
        """Where an alarm may be parted: at its end, before what is optional there, and within."""
        return [cut for cut in range(len(alarm), 0, -1) if alarm[cut - 1] != GAP]
