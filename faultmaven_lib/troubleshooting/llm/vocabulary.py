"""The words that a model may use. All others have to be names or quotes out of what a sentence rests on.

The lists of a report's claims (``faultmaven_lib.claims.language``) are wider: they are for sentences that code writes.
A model writes what it likes, so a word that shifts the meaning of those beside it is not in here.
"""

from __future__ import annotations

from faultmaven_lib.claims import language as say

UP = frozenset(
    "rose rise rises risen rising increased increase increases increasing grew grow grows growing higher climbed "
    "climbs jumped jumps surged surges spiked spikes more".split()
)
DOWN = frozenset(
    "fell fall falls fallen falling decreased decrease decreases decreasing dropped drops lower declined declines "
    "dipped dips fewer less".split()
)
NEW = frozenset("new appeared appears".split())
GONE = frozenset("stopped disappeared vanished gone missing".split())
LINE = frozenset("message messages line lines template".split())
SAYING = frozenset("logged logs wrote writes reported reports".split())
ABOUT = frozenset("about around roughly approximately".split())
PLAIN = frozenset(
    "a an the of in on its with for is was were are has have had 's log logs metric metrics value values level rate "
    "count service utc showed shows showing there".split()
)
"""Words that say nothing by themselves."""
MOVING = frozenset("moved moves changed changes shifted shifts went".split())
ROLES = {"from": "before", "to": "after", "at": "after", "reached": "after", "by": "size"}
"""Which number of a finding follows a word."""

DOING = frozenset("check compare read look inspect see list review count query find".split())
"""What an action may ask a person to do: all of it only looks."""
ASKING = frozenset("is are was were did does do has have had can could".split())
"""How a question begins: it is answered by yes or no, so that it takes nothing for granted."""
THINGS = frozenset(
    "lock locks session sessions connection connections pool pools query queries statement statements transaction "
    "transactions plan plans index indexes memory heap disk disks cpu processor thread threads process processes file "
    "files descriptors network sockets dns certificate certificates cache caches queue "
    "queues backlog worker workers job jobs request requests response responses latency throughput error errors "
    "timeout timeouts retry retries limit limits quota quotas configuration setting settings flag flags deploy deploys "
    "deployment release releases rollout version versions commit commits change changes migration migrations schema "
    "table tables replica replicas leader node nodes pod pods container containers host hosts clock clocks trace "
    "traces span spans log logs metric metrics dashboard dashboards alert alerts runbook runbooks caller callers "
    "callee callees client clients dependency dependencies upstream downstream owner owners team traffic load "
    "usage use size age state states history details dates message messages line lines".split()
)
"""Things that can be looked at. To name one in an action or a question does not say that anything is wrong with it."""
LINKS = frozenset("a an the of in on at to for with and or its their any all each other 's there utc".split())
DONE = frozenset(
    "change changed deploy deployed release released restart restarted run running open full reachable available "
    "used waiting idle active same known seen scheduled enabled disabled set read logged".split()
)
"""What a question may ask about a thing."""

_NUMERALS = frozenset(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands "
    "million millions billion billions dozen dozens half third quarter double doubled triple tripled quadrupled halved "
    "tenfold twofold twice thrice once several couple pair many most".split()
)


_WHY = (
    (_NUMERALS, "writes the number {} in letters, where it cannot be compared"),
    (say.CAUSE, "speaks of a cause ({}) in words that cannot be held against a hypothesis"),
    (say.NEGATION, "denies something ({}) that no recorded result denies"),
    (say.ORDER, "speaks of an order ({}) in words that cannot be held against two findings"),
    (say.CERTAIN | say.CONFIDENCE, "says how sure it is ({}) of what is no hypothesis"),
    (say.UP | say.DOWN | say.NEW, "speaks of a direction ({}) in words that cannot be held against a finding"),
)


def why_not(word: str) -> str:
    """Say why a word is not let through."""
    unknown = "says {}, which is no name in what it rests on, and no word that can be judged"
    return next((why for words, why in _WHY if word in words), unknown).format(repr(word))


_JUDGED: frozenset[str] = frozenset().union(*(words for words, _ in _WHY))
_ALL = _JUDGED | say.GRAMMAR | PLAIN | LINE | SAYING | ABOUT | MOVING | DOING | ASKING | THINGS | LINKS | DONE | GONE


def is_judged(word: str) -> bool:
    """Whether a word speaks of cause, order, direction, denial, certainty or number, wherever it stands."""
    return word in _JUDGED


def is_word(text: str) -> bool:
    """Whether a text is read as a word, so that nothing can be named by it.

    Logs name services: one that calls itself "not" or "because" must not bring that word into a sentence.
    """
    return text in _ALL
