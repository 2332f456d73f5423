"""List the wordings of faulty criteria, in English, one table of patterns for each fault.

A pattern is matched against the demand of a criterion: its text in normal form without subject, modal verb and final
full stop ("The response should be engaging." is "be engaging").
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from rubrictool.text.patterns import Pattern, PatternMatch, linear
from rubrictool.text.words import normal

_QUESTION = linear(r"^(?P<verb>does|do|did|is|are|was|has|have) (?P<subject>(?:the|this) (?:generated )?\w+) ")
_SUBJECT = linear(
    r"^(?:the|this|its|an?) (?:(?:model|assistant|final|whole|entire|overall|written|generated)(?:'s)? )?"
    r"(?:responses?|answer|reply|output|text|solution|assistant|model|explanation|summary|essay|e-?mail|letter|code"
    r"|report|blog post|article|story|poem|tone|style|language|writing|content|structure|formatting|format|account"
    r"|advice)(?:'s \w+)? "
)
_MODAL = linear(
    r"^(?:(?:must|should|shall|will|has to|have to|needs? to|ought to|is (?:expected|required) to) )(?:also )?"
)

_BE = r"(?:is|are|be|being|remains?|stays?|sounds?|feels?|reads?|looks?|seems?)"
_MUCH = (
    r"(?:very|really|highly|quite|fully|generally|overall|sufficiently|reasonably|both|as|so|sufficient|enough|more) "
)
_TASTE = (
    r"(?:engaging|well[- ](?:written|structured|organi[sz]ed|formatted|presented|crafted|argued|reasoned|explained|phrased)"
    r"|(?:clearly|nicely|logically|concisely|appropriately|coherently|professionally)"
    r" (?:written|structured|organi[sz]ed|formatted|presented|explained|phrased)"
    r"|elegant|clean|insightful|comprehensive|thorough|appropriate|suitable|reasonable|adequate|helpful|useful"
    r"|interesting|compelling|convincing|persuasive|professional|polished|nice|good|great|excellent|high[- ]quality"
    r"|impressive|readable|clear|concise|natural|creative|nuanced|logical|detailed|sensible|captivating|enjoyable|vivid"
    r"|actionable|practical|sequential|coherent|unambiguous|effective|meaningful|robust|smooth|fluent|succinct"
    r"|easy to (?:read|follow|understand)|easily (?:readable|understandable)|of (?:good|high) quality)"
)
_TASTES = rf"(?:{_MUCH})?{_TASTE}(?:(?:,? and |,? but |, |/)(?:{_MUCH})?{_TASTE})*"
_FORM = (
    r"(?:structure|tone|style|language|flow|formatting|format|writing|organi[sz]ation|quality|layout|prose|phrasing"
    r"|wording|explanation|explanations|answer|reasoning|analysis|overview|introduction|conclusion|manner|way|examples"
    r"|level of detail|amount of detail|detail|depth|advice|length|steps|instructions|terminology|notation|transitions"
    r"|arguments|guidance|vocabulary|imagery|narrative|response|summary|plan)"
)
_PURPOSE = (
    r"(?: to (?:guide|help|support|facilitate|ensure|enable|improve|enhance|aid|allow|assist|engage|convey|keep|make)"
    r" (?:\S+ ?){1,12})?"
)
_VIRTUE = (
    r"(?:clarity|conciseness|concision|coherence|cohesion|professionalism|readability|creativity|depth|nuance|elegance"
    r"|engagement|originality|thoroughness|quality|rigou?r|insight|brevity|fluency|polish)"
)
_WHOM = (
    r"(?: (?:for|to|in|about|given|enough)(?: (?:the|a|an|its|this|user|user's|reader|readers|intended|target|audience"
    r"|context|purpose|situation|question|topic|task|read|follow|understand|tone|style|structure|language|length|in|for"
    r"|general|technical|lay|public|and|of|its))+)?"
)
_TELLS = (
    r"(?:explains?|describes?|answers?|address|addresses|discuss|discusses|covers?|presents?|handles?|treats?"
    r"|summari[sz]es?)"
)
_HAS = (
    r"(?:has|have|uses?|shows?|adopts?|keeps?|maintains?|provides?|gives?|offers?|presents?|employs?|demonstrates?|contains?"
    r"|includes?|follows?|is written in|be written in|written in|in)"
)

_TRUE = r"(?:right|correct|accurate|proper|expected|true)"
_RESULT = r"(?:calculations?|results?|figures?|answers?|totals?|sums?|numbers?|values?|maths?|arithmetic|computation|diagnosis)"
_REPORTS = (
    r"(?:gives?|states?|arrives? at|reach|reaches|computes?|calculates?|provides?|finds?|returns?|identif(?:y|ies)"
    r"|names?|selects?|choose|chooses|mentions?|reports?|determines?|comes? to|has|contains?)"
)
_FACTS = r"(?:facts?|information|claims?|statements?|data|details|content|dates)"
_SOURCES = r"(?:links?|urls?|citations?|references|sources|quotations|quotes)"

_PADDING = (
    r"(?:examples|tips|pros|cons|citations|sources|references|bullet points|bullets|items|paragraphs|sections|sentences"
    r"|reasons|ideas|points|facts|suggestions|words|arguments|benefits|advantages|disadvantages|steps|quotes|statistics)"
)
NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBER = rf"(?P<number>\d+|{'|'.join(NUMBERS)})"
_FURNITURE = (
    r"(?P<asked>disclaimer|introduction|conclusion|summary|references|citations|sources|bibliography|call to action|title"
    r"|greeting|sign-off|headings?|emojis?|caveats?|table of contents)"
)

_BAD = (
    r"(?:factual|medical|grammatical|spelling|logical|major|minor|serious|significant|some|any|numerous|many|clear|obvious"
    r"|legal|historical|unsupported|false|incorrect|wrong|misleading|harmful|dangerous|offensive|fabricated|inaccurate"
    r"|irrelevant|unsafe|hallucinated|invented|unsubstantiated|toxic|unnecessary|unfounded)"
)
_HARM = (
    r"(?:false|incorrect|wrong|misleading|harmful|dangerous|offensive|fabricated|inaccurate|unsafe|hallucinated|unsupported"
    r"|irrelevant|unsubstantiated|toxic|unfounded)"
)
_SAID = (
    r"(?:advice|claims?|information|statements?|content|facts?|instructions?|figures?|language|actions?|recommendations?"
    r"|answers?|conclusions?|details?|treatments?|practices?|data|material|guidance|remarks?)"
)


class FaultWording(NamedTuple):
    """A wording of faulty criteria, and the advice for their authors.

    The group `cited` of the pattern is what the message quotes. The groups `asked` and `number` are what a prompt may
    ask for: where it does, nothing is wrong with the criterion. Nor is it where the text has what `excuse` finds.
    """

    pattern: Pattern
    advice: str
    excuse: Pattern | None

    def found(self, text: str) -> PatternMatch | None:
        """Return the match in a demand, None where there is none or it is excused."""
        match = self.pattern.search(text)
        return None if match and self.excuse and self.excuse.search(text) else match


def _wording(pattern: str, advice: str, *, excuse: str = "") -> FaultWording:
    return FaultWording(linear(pattern), advice, linear(excuse) if excuse else None)


SUBJECTIVE = (
    _wording(
        rf"^{_BE} (?P<cited>{_TASTES}){_WHOM}$",
        "is a matter of taste; say what a response must do, or give an example or a bound",
    ),
    _wording(
        rf"^{_HAS} (?:an? |the )?(?P<cited>{_TASTES})(?: and \w+)? {_FORM}{_WHOM}{_PURPOSE}$",
        "is a matter of taste; say what a response must do, or give an example or a bound",
    ),
    _wording(
        rf"\b{_FORM}(?: and {_FORM})? that (?:is|are) (?P<cited>{_TASTES}){_WHOM}$",
        "is a matter of taste; say what a response must do, or give an example or a bound",
    ),
    _wording(
        rf"^(?:maintains?|ensures?|demonstrates?|shows?|exhibits?|displays?|achieves?|has|have|reflects?|prioriti[sz]es?)"
        rf" (?:an? )?(?:(?:high|good|strong|great) )?(?:(?:level|degree) of )?"
        rf"(?P<cited>{_VIRTUE}(?:,? and {_VIRTUE}|, {_VIRTUE})*)"
        r"(?:$|,| in | throughout| while )",
        "is a matter of taste; say what shows it",
    ),
    _wording(
        r"^(?:fails? to |does not )?(?P<cited>effectively|adequately|appropriately|sufficiently|thoroughly|convincingly"
        r"|meaningfully|logically|coherently|comprehensively|suitably|compellingly|persuasively) \w+",
        "is a matter of taste; say what shows it",
    ),
    _wording(
        r"\b(?P<cited>(?:sufficient|enough|adequate|appropriate) (?:detail|depth|context))\b",
        "is a matter of taste; say what must be there",
    ),
    _wording(
        r"^avoids? (?P<cited>(?:unnecessary|excessive|undue|overly) \w+)",
        "is a matter of taste; say what is too much",
    ),
    _wording(
        rf"^{_TELLS} (?:\w+ ){{0,6}}(?P<cited>(?:very )?(?:well|clearly|thoroughly|appropriately|concisely|comprehensively"
        r"|adequately|effectively|in (?:enough|sufficient|great|adequate) (?:detail|depth)|in depth))$",
        "is a matter of taste; say what must be explained",
    ),
    _wording(rf"^(?P<cited>{_TASTES})$", "is a matter of taste; say what a response must do"),
)

UNGROUNDED = (
    _wording(
        rf"^(?:the |all |its |all the )?(?P<cited>{_RESULT}) (?:is|are|be|must be|should be) (?:{_MUCH})?{_TRUE}$",
        "is to be right, but the rubric does not say what is right; name the answer and what else is accepted",
    ),
    _wording(
        rf"^{_REPORTS} (?:the |an? )?(?P<cited>{_TRUE}(?: and complete)? \w+(?: \w+){{0,4}})$",
        "leaves the judge to know the answer; name it, and what else is accepted",
        excuse=rf"^{_REPORTS} (?:the |an? )?{_TRUE}(?: and complete)? (?:that|if)\b",
    ),
    _wording(
        rf"^(?:{_TELLS}|{_REPORTS}|answers?|solves?) (?:\w+ ){{1,6}}(?P<cited>correctly|accurately)$",
        "leaves the judge to know what is right; name it",
    ),
    _wording(
        r"^(?:demonstrates?|shows?|ensures?|maintains?|has|have|exhibits?) "
        r"(?P<cited>(?:factual |technical )?(?:accuracy|correctness)"
        r"(?: and (?:completeness|clarity|precision|thoroughness))?)(?:$|,| in | of | throughout)",
        "leaves the judge to know what is right; name it",
    ),
    _wording(
        r"^(?:is|be) (?P<cited>(?:fully |completely )?(?:correct|right|accurate))$",
        "leaves the judge to know the answer; name it, and what else is accepted",
    ),
)

UNVERIFIABLE = (
    _wording(
        rf"(?P<cited>(?:factually|scientifically|medically|historically|legally|clinically) {_TRUE})",
        "needs knowledge from outside; name the facts that must be right",
    ),
    _wording(
        rf"^(?:all|every|any|each)(?: of)?(?: the| its)? ?(?:\w+ )?"
        rf"(?P<cited>{_FACTS})\b.{{0,30}}\b(?:{_TRUE}|verified|verifiable)$",
        "cannot all be looked up by a judge; name the facts that must be right",
    ),
    _wording(
        r"^(?:is free (?:of|from)|contains? no|has no|have no|does not contain|makes? no|without)(?: any)? "
        r"(?P<cited>(?:factual|medical|historical|legal|scientific) (?:errors?|mistakes?|inaccurac(?:y|ies))|hallucinations?"
        r"|(?:factually )?(?:incorrect|false|wrong|inaccurate) (?:information|claims?|statements?|facts?))$",
        "cannot be ruled out without a search; name the errors that matter",
    ),
    _wording(
        r"\b(?P<cited>up[- ]to[- ]date|(?:the )?(?:latest|most recent|newest|current)"
        r" (?:\w+ )?(?:research|information|evidence|data|findings|guidelines|knowledge|developments|version|versions))",
        "changes with time; name the version, the date or the finding",
    ),
    _wording(
        rf"\b(?P<cited>{_SOURCES})\b.{{0,30}}\b(?:works?|working|exists?|resolves?|valid|real|accessible|genuine"
        r"|reliable|reputable|credible|trustworthy|authoritative)\b",
        "must be looked up, which a judge cannot do; name the sources that count",
    ),
    _wording(
        rf"^(?:cites?|uses?|gives?|includes?|provides?|quotes?|refers? to|links? to|is based on)"
        rf" (?:only )?(?:\w+ )?(?:reliable|reputable|credible|trustworthy|authoritative|real|valid|working)"
        rf"(?: and \w+)? (?P<cited>{_SOURCES})$",
        "must be looked up, which a judge cannot do; name the sources that count",
    ),
    _wording(
        r"^(?P<cited>compiles|runs|executes|passes (?:all |the )*(?:unit )?tests)(?: (?:and|without|with no) .{1,40})?$",
        "must be run, which a judge cannot do; say what the code must do in which case",
    ),
    _wording(
        r"^(?:provides?|presents?|gives?|includes?|contains?) (?:\w+ )?code that (?:is |are )?"
        r"(?P<cited>syntactically correct|executable|runnable|runs|compiles|works|bug-free|error-free)\b",
        "must be run, which a judge cannot do; say what the code must do in which case",
    ),
    _wording(
        r"(?P<cited>plagiari[sz]ed|plagiarism|copied from (?:the internet|other sources))",
        "cannot be detected without a search",
    ),
)

LOW_SIGNAL = (
    _wording(
        rf"^{_BE} (?:directly |generally |fully )?(?P<cited>relevant|related|on[- ]topic|responsive|non-?empty|not empty"
        r"|understandable|intelligible|legible)"
        r"(?: (?:to|for|with|on)(?: (?:the|this|user's|user|question|prompt|query|request|topic|task))+)?$",
        "is true of nearly every answer; ask for what separates a good one from a fair one",
    ),
    _wording(
        r"^(?P<cited>answers?|address|addresses|responds? to|engages? with|attempts? to answer|deals? with|stays? on|is about)"
        r" (?:the |this )?(?:user's |given |original |main )?(?:question|prompt|query|request|task|topic|issue|problem)$",
        "is true of nearly every answer; ask for what separates a good one from a fair one",
    ),
    _wording(
        rf"^(?:{_BE}|is written|be written) (?:in )?(?P<asked>english)(?: language)?$",
        "is true of nearly every answer to a prompt in English",
    ),
    _wording(
        r"^(?:uses?|has|have) (?:correct|proper|good) (?P<asked>grammar|spelling|punctuation)"
        r"(?:,? and (?:grammar|spelling|punctuation))*$",
        "is true of nearly every answer of a language model",
    ),
    _wording(
        rf"^(?:{_BE}|is written in) (?P<cited>(?:grammatically correct|complete sentences|polite|courteous|respectful))$",
        "is true of nearly every answer of a language model",
    ),
)

HACKABLE = (
    _wording(
        r"^(?:states?|says?|claims?|confirms?|mentions?|declares?|asserts?|assures?(?: the (?:user|reader))?|notes?)(?: that)?"
        r" (?:it|this|(?:the|this|its|all|all the) (?:answer|response|information|code|solution|result)s?)"
        r" (?:is|are|has been|have been|was|were) .{0,20}(?P<cited>accurate|correct|checked|verified|complete|reliable|tested"
        r"|true|double-checked|reviewed|right)\b",
        "is met by claiming it; ask for the evidence",
    ),
    _wording(
        rf"^(?:includes?|contains?|has|have|provides?|adds?|gives?|uses?|begins? with|starts? with|ends? with|opens? with)"
        rf" (?:an? |some |the )?(?:brief |short |clear |general |appropriate )?{_FURNITURE}$",
        "is met by an empty one; say what it must contain",
    ),
    _wording(
        rf"^(?:(?:lists?|gives?|names?|provides?|includes?|mentions?|contains?|uses?|has|have|offers?|cites?|is) )?"
        rf"(?:at least|a minimum of|no fewer than|more than) {_NUMBER}"
        rf" (?:(?:different|good|useful|relevant|specific|distinct|helpful) )?(?P<asked>{_PADDING})(?: long)?$",
        "is met by padding; say what each must contain",
    ),
)

RIGID = (
    _wording(
        r"\b(?P<asked>verbatim|word for word|exact (?:words?|wording|phrase|sentence|phrasing)"
        r"|exactly (?:the|this|these) (?:words?|phrase|sentence|wording))\b",
        "excludes answers that say the same in other words; ask for the meaning",
    ),
    _wording(
        rf"\bexactly {_NUMBER} (?:\w+ )?(?P<asked>{_PADDING}|examples?|characters|lines|stanzas|rows)\b",
        "is stricter than the prompt; give a range",
    ),
)

_BAD_ADVICE = "is rewarded: the weight is positive; word it as what a good response does, or make the weight negative"
_GOOD_ADVICE = "is penalised: the weight is negative; make it positive, or word it as the fault"

_IGNORES = (
    r"(?:ignores?|overlooks?) (?:the |an? |any )?(?:user's |stated |given |explicit )*"
    r"(?:question|prompt|instructions?|constraints?|request|context|task|user|word limit|deadline)"
)
_HAS_ITS = rf"(?:contains?|has|have|makes?|includes?|introduces?|shows?) (?:an? )?(?:{_BAD} )*"
_ERRORS = r"(?:errors?|mistakes?|inaccurac(?:y|ies)|falsehoods?|misinformation|hallucinations?|contradictions?|typos?)"
_UNPLEASANT = (
    r"(?:(?:too|overly|excessively|needlessly|unnecessarily) \w+|wrong|incorrect|misleading|inaccurate|offensive|rude|vague"
    r"|dismissive|harmful|dangerous|off[- ]topic|irrelevant|repetitive|incoherent|incomplete|condescending|judgmental"
    r"|preachy|confusing|verbose|biased)"
)

BAD_IF_MET = (
    _wording(r"^(?P<cited>fails? to|neglects? to|forgets? to)\b", _BAD_ADVICE, excuse=r"^\w+ to reject"),
    _wording(
        r"^(?P<cited>lacks? (?:an? |any |the )?(?:clear |proper |basic |supporting |specific |logical )*"
        r"(?:accuracy|clarity|coherence|conclusion|context|depth|details?|empathy|evidence|examples?|explanations?|focus"
        r"|introduction|logic|reasoning|sources|structure|substance|support))"
        r"(?:$|[,;]| (?:for|about|of|in|on|to|that|and|or)\b)",
        _BAD_ADVICE,
    ),
    _wording(
        r"^(?P<cited>misrepresents?|misstates?|hallucinates?|contradicts? (?:itself|its own|the prompt)"
        r"|mis(?:interprets?|understands?|quotes?|attributes?)|misleads? (?:the )?(?:users?|readers?|patients?|students?))\b",
        _BAD_ADVICE,
    ),
    _wording(
        r"^(?P<cited>(?:incorrectly|wrongly|falsely|inaccurately|mistakenly|erroneously|needlessly|unnecessarily"
        r"|inappropriately) \w+)",
        _BAD_ADVICE,
    ),
    _wording(
        rf"^(?P<cited>{_IGNORES})(?:[^']|$)",
        _BAD_ADVICE,
        # What a document tells the model to do is well ignored, and so is an insult.
        excuse=rf"^{_IGNORES}.*\b(?:in|inside|within|embedded|hidden|injected|planted|from)\b",
    ),
    _wording(
        r"^(?P<cited>(?:misses|miss) the (?:point|question)|(?:invents?|makes? up|fabricates?) (?:any |some )?"
        r"(?P<asked>facts|sources|citations|figures|quotes|references|information|data|numbers|quotations|statistics))",
        _BAD_ADVICE,
    ),
    _wording(
        rf"^{_HAS_ITS}(?P<cited>(?P<asked>{_ERRORS}))\b",
        _BAD_ADVICE,
        excuse=rf"^{_HAS_ITS}{_ERRORS} (?:handling|messages?|codes?|bars?|types?|rates?|analysis|margins?|terms?|detection"
        # An exercise may hold a mistake, and a program shows one where there is one.
        r"|correction|for|if|when|on|unless|whenever|that (?:the )?(?:students?|readers?|learners?|users?|pupils?))\b",
    ),
    _wording(
        rf"^(?:contains?|has|makes?|includes?|gives?|provides?|offers?|states?|presents?|recommends?|suggests?|uses?)"
        rf" (?:an? |any |some )?(?P<cited>{_HARM}(?: or {_HARM})?(?:,? and {_HARM})?"
        rf" (?:\w+ )?{_SAID})\b",
        _BAD_ADVICE,
        excuse=r"\bas (?:an? )?(?:distractors?|foils?|(?:counter-?)?examples?|decoys?)\b",
    ),
    _wording(
        rf"^(?:is|be|are|sounds?|feels?) (?P<cited>(?P<asked>{_UNPLEASANT}))\b",
        _BAD_ADVICE,
        # What deserves it may be dismissed.
        excuse=rf"^\w+ {_UNPLEASANT} of (?:the |any )?(?:myths?|pseudo|conspirac|claims?|rumou?rs?|false|unproven)",
    ),
)

_FAULTS = (
    rf"(?:(?:{_BAD} )*(?:errors?|mistakes?|inaccurac(?:y|ies)|misinformation|disinformation|falsehoods?|hallucinations?"
    r"|fabrications?|contradictions?|typos?|plagiarism|sycophancy|flattery)"
    r"|(?:\w+ )?(?P<asked>jargon|clich[eé]s?|profanity|slurs|insults|stereotypes|bias|repetition|redundancy|padding|filler"
    r"|hyperbole|exaggerations?|digressions?)"
    rf"|(?:overly|excessively|needlessly|unnecessarily|unnecessary|excessive|undue) \w+(?: \w+)?|{_HARM} (?:\w+ )?{_SAID})"
)
_FAULT_ENDS = r"(?:$|[,;:(]| (?:in|or|and|such|about|that|when|by|throughout|of|like|on|regarding|from|with|as|to)\b)"
_TREATED = (
    r"(?:alarming|blaming|insulting|lecturing|misleading|patroni[sz]ing|shaming|scaring|belittling|mocking|judging"
    r"|stigmati[sz]ing|frightening|confusing|overwhelming) (?:the |an? )?(?:users?|readers?|patients?|customers?|students?"
    r"|audience|persons?|people)\b"
    r"|(?:hallucinating|rambling|morali[sz]ing|preaching|exaggerating|plagiari[sz]ing|(?:contradicting|repeating) itself)\b"
    r"|(?:being|sounding) (?:rude|dismissive|condescending|judgmental|preachy|offensive|misleading|patronizing|alarmist)\b"
)

_AVOIDS = (
    r"(?:avoids?|refrains? from|steers? clear of|abstains? from|is free (?:of|from)|(?:contains?|has|have|makes?"
    r"|gives?|includes?|uses?|presents?) no|(?:does not|do not|doesn't|don't|not|never) (?:contain|have|make|give|include"
    r"|use|provide|offer|state|present)s?)"
    r"(?: (?:any|all|the use of|using|making|giving|including|providing|offering|introducing|stating|presenting))*"
)

GOOD_IF_MET = (
    # Only of what is a fault in itself: "Avoids answering the question." is rightly a penalty.
    _wording(rf"^(?P<cited>{_AVOIDS} {_FAULTS}){_FAULT_ENDS}", _GOOD_ADVICE),
    _wording(rf"^(?P<cited>{_AVOIDS} (?:{_TREATED}))", _GOOD_ADVICE),
    _wording(r"^(?P<cited>(?:correctly|accurately) [a-z]+)", _GOOD_ADVICE, excuse=r"^\w+ but\b"),
    _wording(
        r"^(?:is|be) (?P<cited>(?:fully |completely |entirely )?(?:accurate|correct|truthful|honest|polite|respectful|empathetic"
        r"|relevant|helpful|unbiased|error-free))$",
        _GOOD_ADVICE,
    ),
)

ANCHOR = linear(
    r"\d|[\"“”«»:;(]|\b(?:such as|for example|for instance|e\.g|i\.e|by \w+ing|that is,|namely|rather than|so that|as defined"
    r"|in the sense|meaning|reference answer|given in|according to|compared (?:to|with)|in the (?:paragraph|text"
    r"|passage|article|document|context|table|data|prompt))\b"
)
"""Signs that make a vague word concrete: a figure, a quotation, an example, a definition, a source in the prompt."""

CLAUSE = linear(r"\b(?:that|how|why|whether|what|which|who|whose|when|where|if|to|because|unless|until)\b")
"""Words that open a reported clause, whose verbs are no demands."""

SPEECH = linear(
    r"^(?:also |clearly |explicitly |correctly )?(?:says?|states?|mentions?|explains?|notes?|points? out|tells?|recommends?"
    r"|advises?|suggests?|warns?|asks?|reminds?|encourages?|instructs?|urges?|names?|lists?|describes?|discuss(?:es)?"
    r"|acknowledges?|clarif(?:y|ies)|makes? clear|directs?|offers?|compares?|admits?|concedes?|identif(?:y|ies)"
    r"|distinguish(?:es)?|checks?|disclos(?:es?)|do(?:es)? not|don't|never)\b"
)
"""The beginning of a criterion about what a response says, not about what it is."""

STRONG = (
    "explains|mentions|states|recommends|suggests|advises|warns|describes|discusses|lists|names|compares"
    "|identifies|defines|summarises|summarizes|cites|clarifies|outlines|highlights|acknowledges|specifies"
    "|proposes|cautions|calculates|computes|emphasises|emphasizes|notes|says|tells|concludes"
)
"""Verbs that are a demand wherever they follow an "and"."""

WEAK = (
    "gives|shows|provides|includes|uses|offers|contains|asks|avoids|addresses|covers|presents|quotes|argues"
    "|points|refers|ends|begins|starts|closes|apologises|apologizes|thanks|invites|links|answers"
)
"""Verbs that may belong to a reported clause, and are a demand only outside one."""

_MENTION = linear(
    r"^(?:mentions?|refers? to|touch(?:es)? (?:on|upon)|talks? about|speaks? (?:to|of|about)|brings? up|gives? the figure"
    r"|(?:includes?|contains?|uses?) the (?:word|words|term|terms|phrase|keyword|keywords)) (?:\S+(?: |$)){1,5}$"
)
_CONTENT = linear(r"\b(?:that|how|why|whether|because)\b")


def bare_mention(demand: str) -> bool:
    """Return whether naming a topic meets a demand."""
    return _MENTION.search(demand) is not None and not _CONTENT.search(demand)


QUOTED = linear(r"[\"“”«»]([^\"“”«»]+)[\"“”«»]")


@lru_cache(maxsize=2**16)
def demand(criterion: str) -> str:
    """Return the demand of a criterion in normal form: without its subject, a modal verb and the final full stop.

    A question ("Does the response say why?") becomes a statement ("say why").
    """
    return _MODAL.sub("", _SUBJECT.sub("", _QUESTION.sub(_stated, _plain(criterion))))


def same(first: str, second: str) -> bool:
    """Return whether two criteria have one `bare_text`."""
    return bare_text(first) == bare_text(second)


@lru_cache(maxsize=2**16)
def bare_text(criterion: str) -> str:
    """Return a criterion in normal form, without the final full stop and a leading "The response"."""
    return _RESPONSE.sub("", _plain(criterion))


_RESPONSE = linear(r"^the (?:response|answer|reply) (?:(?:must|should) )?")


def _plain(criterion: str) -> str:
    return " ".join(normal(criterion).split()).strip(" .!?")


def _stated(question: PatternMatch) -> str:
    helper = question["verb"] in ("does", "do", "did")
    return f"{question['subject']} " if helper else f"{question['subject']} {question['verb']} "
