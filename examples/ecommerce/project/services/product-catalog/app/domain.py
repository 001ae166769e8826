"""The rules of the catalog. Pure: no database, no web, no files."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

Id = TypeVar("Id", bound=Hashable)

LONGEST_TERM = 64
LONGEST_SLUG = 80
MOST_QUERY_WORDS = 10

NAME_WEIGHT = 4.0
MOST_DESCRIPTION_WEIGHT = 3.0
PREFIX_FACTOR = 0.5

MAX_IMAGE_BYTES = 2 * 1024 * 1024
MAX_IMAGES = 10

_WORD = re.compile(r"[^\W_]+")
_ACCENT = re.compile("[\u0300-\u036f]")

# --- Words and slugs ----------------------------------------------------------------------------


def plain_words(text: str) -> list[str]:
    """The words of a text, without case and accents: `Crème Brûlée!` is `creme`, `brulee`."""
    bare = _ACCENT.sub("", unicodedata.normalize("NFKD", text))
    return _WORD.findall(unicodedata.normalize("NFC", bare).casefold())


def slugify(name: str) -> str:
    """The name as it stands in addresses; `category` for a name without letters and digits."""
    return "-".join(plain_words(name))[:LONGEST_SLUG].rstrip("-") or "category"


def free_slug(name: str, taken: Collection[str]) -> str:
    """The name's slug, with the first number from 2 that makes it unique when it is taken."""
    slug = slugify(name)
    number, free = 1, slug
    while free in taken:
        number += 1
        free = f"{slug}-{number}"
    return free


# --- Search -------------------------------------------------------------------------------------


def terms(text: str) -> list[str]:
    """The words under which a text is found, in order.

    A plural's `s` goes, for shoppers type `shoes` and names say `shoe`. What is left is always
    the beginning of the word, so that prefixes still match.
    """
    return [_singular(word)[:LONGEST_TERM] for word in plain_words(text)]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and word[-2] != "s" else word


def term_weights(name: str, description: str) -> dict[str, float]:
    """How much each of a product's terms says about it.

    However often a description repeats a term, it never weighs as much as one in the name.
    """
    weights = {
        term: min(1.0 + math.log(count), MOST_DESCRIPTION_WEIGHT)
        for term, count in Counter(terms(description)).items()
    }
    for term in set(terms(name)):
        weights[term] = weights.get(term, 0.0) + NAME_WEIGHT
    return weights


@dataclass(frozen=True)
class Word:
    """A word that was searched for. The last one may be half typed: it is a prefix too."""

    text: str
    is_prefix: bool


@dataclass(frozen=True)
class Posting:
    """One entry of the index that a searched word matches."""

    product_id: Hashable
    term: str
    weight: float


def parse_query(text: str) -> list[Word]:
    """The words of a search, each once, the last one as a prefix."""
    found = terms(text)[:MOST_QUERY_WORDS]
    if not found:
        return []
    *others, last = found
    exact = [Word(term, False) for term in dict.fromkeys(others) if term != last]
    return [*exact, Word(last, True)]


def rank(matches: Sequence[tuple[Word, Sequence[Posting]]], product_count: int) -> list[Hashable]:
    """The products that match every word, best first.

    A word counts for more the fewer products have it. Among equals the id decides, so that pages
    of a list neither repeat nor skip a product.
    """
    scores: dict[Hashable, float] = {}
    for position, (word, postings) in enumerate(matches):
        best: dict[Hashable, float] = {}
        for posting in postings:
            factor = 1.0 if posting.term == word.text else PREFIX_FACTOR
            best[posting.product_id] = max(
                best.get(posting.product_id, 0.0), posting.weight * factor
            )
        rarity = math.log(1.0 + product_count / max(len(best), 1))
        scores = {
            product: scores.get(product, 0.0) + weight * rarity
            for product, weight in best.items()
            if position == 0 or product in scores
        }
    return sorted(scores, key=lambda product: (-scores[product], product))


# --- Categories ---------------------------------------------------------------------------------


def subtree(root: Id, parents: Mapping[Id, Id | None]) -> set[Id]:
    """A category and all that lie below it. A category cannot be moved to one of these: it would
    hang below itself, and no longer below the root."""
    children: dict[Id | None, list[Id]] = {}
    for category, parent in parents.items():
        children.setdefault(parent, []).append(category)
    found: set[Id] = set()
    waiting = [root]
    while waiting:
        category = waiting.pop()
        if category not in found:
            found.add(category)
            waiting += children.get(category, [])
    return found


def makes_cycle(category: Id, new_parent: Id | None, parents: Mapping[Id, Id | None]) -> bool:
    return new_parent is not None and new_parent in subtree(category, parents)


def tree_order(parents: Mapping[Id, Id | None], names: Mapping[Id, str]) -> list[Id]:
    """Each category before those below it, brothers and sisters by name."""
    children: dict[Id | None, list[Id]] = {}
    for category in sorted(parents, key=lambda c: (names[c].casefold(), c), reverse=True):
        children.setdefault(parents[category], []).append(category)
    order: list[Id] = []
    waiting = list(children.get(None, []))
    while waiting:
        category = waiting.pop()
        order.append(category)
        waiting += children.get(category, [])
    return order


# --- Images -------------------------------------------------------------------------------------


def image_type(data: bytes) -> str | None:
    """The type that the first bytes show; None for anything but PNG, JPEG and WebP.

    Neither the file's name nor what the browser calls it is asked: both are the sender's word.
    """
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return None
