"""Graph's `fields` parameter: names, their arguments and the fields below them, such as `id,messages.limit(5){id}`."""

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(r"\s*(?:(?P<name>\w+)|\.(?P<argument>\w+)\((?P<value>[^()]*)\)|(?P<mark>[{},]))")


@dataclass(slots=True)
class Wish:
    """What is asked of one field; no fields below it means the usual ones."""

    arguments: dict[str, str] = field(default_factory=dict)
    below: dict[str, "Wish"] = field(default_factory=dict)


def parse(text: str) -> dict[str, Wish]:
    """Read the parameter; ValueError when it is not well-formed."""
    tokens = _tokens(text)
    wishes = _wishes(tokens)
    if tokens:
        raise ValueError(f"Syntax error: unexpected {tokens[-1][0]} in fields")
    return wishes


def _tokens(text: str) -> list[re.Match[str]]:
    """Return the tokens, the first one last, to be popped."""
    tokens, end = [], 0
    while end < len(text.rstrip()):
        if not (token := _TOKEN.match(text, end)):
            raise ValueError(f"Syntax error: unexpected {text[end]} in fields")
        tokens.append(token)
        end = token.end()
    return tokens[::-1]


def _wishes(tokens: list[re.Match[str]]) -> dict[str, Wish]:
    wishes: dict[str, Wish] = {}
    while tokens and tokens[-1]["name"]:
        wish = wishes.setdefault(tokens.pop()["name"], Wish())
        while tokens and tokens[-1]["argument"]:
            token = tokens.pop()
            wish.arguments[token["argument"]] = token["value"]
        if _took(tokens, "{"):
            wish.below = _wishes(tokens)
            if not _took(tokens, "}"):
                raise ValueError("Syntax error: expected } in fields")
        if not _took(tokens, ","):
            break
    return wishes


def _took(tokens: list[re.Match[str]], mark: str) -> bool:
    if tokens and tokens[-1]["mark"] == mark:
        tokens.pop()
        return True
    return False
