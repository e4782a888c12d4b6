"""The words a claim may use: what they say of direction, order, cause, absence and certainty.

A word that is neither here nor in the evidence makes a claim unsupported. So the lists hold the grammar of a
report and nothing that could name a service, a mechanism or a thing.
"""

from __future__ import annotations

import re

UP = frozenset(
    "rose rise rises rising risen increased increase increases increasing grew grow grows growing grown higher "
    "climbed climbs surged surges surge jumped jumps jump spiked spikes spike up more slower longer worse "
    "doubled tripled exceeded exceeds upwards".split()
)
DOWN = frozenset(
    "fell fall falls falling fallen decreased decrease decreases decreasing dropped drops drop dropping lower lowered "
    "declined declines decline shrank shrinks sank dipped dips dip down fewer less faster shorter better halved "
    "recovered vanished disappeared stopped ceased gone missing downwards".split()
)
NEW = frozenset("new appeared appears newly unseen".split())
EARLIER = frozenset("before preceded precedes preceding earlier ahead until prior".split())
LATER = frozenset("after followed follows following later".split())
THEN = frozenset("then next afterwards subsequently".split())
FIRST = frozenset("first earliest initially".split())
LAST = frozenset("last latest finally".split())
ORDER = EARLIER | LATER | THEN | FIRST | LAST
NEGATION = frozenset(
    "not no never nor neither none nothing nobody nowhere cannot without unlikely hardly barely isn't wasn't aren't "
    "weren't doesn't didn't don't won't can't couldn't hasn't haven't innocent unaffected unrelated unchanged "
    "healthy normal stable steady excluded exonerated refuted".split()
)
ABSENCE = frozenset("nothing none no".split())
CERTAIN = frozenset("certain certainly confirmed proven proves definitely undoubtedly surely always clearly".split())
CONFIDENCE = frozenset("speculative probable strong probably strongly likely".split())
CAUSE = frozenset(
    "because cause caused causes causing root due led leads leading triggered triggers trigger explains explained "
    "explain responsible blame culprit broke breaks resulted stems therefore hence consequently "
    "thereby makes made fault originates originated origin blamed behind driven drives induced brought since".split()
)

# Where the cause stands in the sentence: to the right of these words, or to their left.
CAUSE_RIGHT = re.compile(
    r"\b(?:because(?: of)?|due to|caused by|triggered by|explained by|result(?:s|ed)? (?:of|from)|stems from|"
    r"(?:root )?causes?(?: \w+){0,3}? (?:is|was|are|were)\b(?! not)|(?:root )?cause:)"
)
CAUSE_LEFT = re.compile(
    r"\b(?:caused(?! by)|causes|triggered(?! by)|triggers|led to|leads to|explains|broke|"
    r"(?:is|was)(?: not)?(?: the| a)?(?: root| likely| probable| possible| speculative| strong| most likely)* cause)\b"
)
RESULTS = re.compile(r"\bresults? (?:in|from|of)\b")

GRAMMAR = frozenset(
    "a an the this that these those it its itself they them their he she his her we our there here which who whom "
    "whose what when where why how while as if than though although but and or both each every all any some other "
    "others another same such only also too very just still yet already once again is are was were be been being am "
    "has have had having do does did done can could may might must shall should will would of in on at by for from "
    "to into onto over under above below between among within during through across against with about around per "
    "via out off near toward towards upon beside besides along one ones most least much many few several half part "
    "whole total overall average median mean maximum minimum largest smallest highest lowest least times time "
    "span window windows baseline incident period interval moment onset seconds second minutes minute hours hour "
    "days day utc share rate count number value values level per cent percent row rows line lines record records "
    "evidence finding findings hypothesis hypotheses claim query queries result service services log logs metric "
    "metrics series source sources change changes changed event events message messages template templates answer "
    "see sees seen saw say says said show shows showed shown stand stands stood out look looks looked moved moves "
    "move shift shifted shifts reached reaches logged logs logging wrote writes written reported reports recorded "
    "recording read went goes go came comes come began begins begin started starts start ended ends end lasted "
    "lasts held holds hold ran runs run took takes take became becomes become remained remains remain stayed stays "
    "counted counts found finds find compared compare comparison relative ratio factor unit units type kind kinds "
    "top main leading alternative candidate likely possible possibly probable supported supports contradicts "
    "contradicted open status confidence score against together at around about roughly nearly almost approximately "
    "least exactly long short large small big high low ms s min h d b kb mb gb kib mib gib us ns x i e g etc vs".split()
)

ALLOWED = (
    GRAMMAR | UP | DOWN | NEW | ORDER | NEGATION | CERTAIN | CONFIDENCE | CAUSE
)  # what these say is checked on its own

CLAUSE = re.compile(r"[;:]\s+|,\s+(?:and|while|but|whereas|so)\s+|\s+(?:while|whereas|but)\s+|\.\s+")
WORD = re.compile(r"[^\W\d_][\w'’]*(?:[-./:@_][\w]+)*|<\*>", re.UNICODE)
QUOTED = re.compile(r"[\"“«`]([^\"”»`]{1,2000})[\"”»`]")
REFERENCE = re.compile(r"\b([EHF][1-9]\d*)\b")
_CLOCK = r"\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?"
MOMENT = re.compile(
    rf"\b(?:(?P<date>\d{{4}}-\d{{2}}-\d{{2}})(?:[T ](?P<at>{_CLOCK}))?|(?P<clock>{_CLOCK}))(?:\s?Z\b|\+00:00|\s?UTC\b)?"
)
# Of two parts or more, as in "2 min 30 s"; one part alone is a number with a unit.
DURATION = re.compile(r"\b\d+(?:\.\d+)?\s(?:min|s|h|d)(?:\s\d+(?:\.\d+)?\s(?:ms|s|min|h))+\b(?!/)")
NUMBER = re.compile(
    r"(?<![\w.])[×x]?[-−+]?(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)"
    r"\s?(?P<unit>%|[kKMGT]i?B\b|B\b|ms\b|µs\b|ns\b|s\b|min\b|h\b|d\b|[kM]\b)?(?![\w]*\d)"
)
