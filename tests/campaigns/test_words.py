"""Which messages opt a person out, or in again, and that nothing around a word changes that."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.policy.words import WORDS, meaning
from schemas.consent import ConsentKind

OUT, IN = ConsentKind.OPTED_OUT, ConsentKind.OPTED_IN

EVERY = [
    (word.strip(), kind)
    for words in WORDS.values()
    for kind, listed in ((OUT, words.out), (IN, words.again))
    for word in listed.split(",")
]
DECORATION = st.text(
    st.sampled_from(
        " \t\n.,!?-_'\"()[]*~#/"
        "\u2026\u2013\u2014\u00ab\u00bb\u00b7\u3002\uff01\uff1f\u3001\u00bf\u00a1\u061f"
        "\u3000\u00a0\u200b\u200d\u2060\ufeff\u200e\u200f\u00ad\ufe0f\u0640"
        "🛑✋🙏🏽👍💔"
    ),
    max_size=6,
)


def wide(text):
    return "".join(chr(ord(letter) + 0xFEE0) for letter in text)


OPT_OUTS = [
    *["STOP", "stop.", "STOP!!!", "  Stop  ", '"stop"', "S T O P", "S.T.O.P.", "Stop 🛑", "🙏🏽stop🙏🏽", "stop\u200b"],
    *[wide("STOP"), wide("TD"), "Ⓢⓣⓞⓟ", "Stop \u2139\ufe0f", "stop1\ufe0f\u20e3", "stop\ufe0f", "st\u00adop"],
    *["STOPALL", "stop all", "UNSUBSCRIBE", "Cancel", "END", "quit", "OPT OUT", "OPTOUT", "opt-out", "Opt\nout"],
    *["REVOKE", "STO\u0336P", "arret", "ARRÊT", "Arre\u0302t", "désabonnez moi", "BAJA", "Darme de baja.", "SAIR"],
    *[
        "cancelar inscricao",
        "Abmelden!",
        "uitschrijven",
        "rezygnuje",
        "wypisz mnie",
        "berhenti",
        "Stopp",
        "HUỶ ĐĂNG KÝ",
    ],
    *["İPTAL", "iptal", "IPTAL", "ÇIK", "ç\u0131k", "CIK", "Ç\u0131k\u0131ş"],
    *["Стоп!", "ОТПИСАТЬСЯ", "Відписатися", "ΔΙΑΚΟΠΗ", "διακοπή", "διακοπη", "κατάργηση εγγραφήσ"],
    *["توقف", "تـــوقف", "تَوَقَّفْ", "أوقف", "اوقف", "إلغاء الإشتراك", "الغاء الاشتراك", "הסר", "הָסֵר"],
    *["बंद करें", "बंद", "ストップ", "ｽﾄｯﾌﾟ", "配信停止", "수신 거부", "수신거부", "退订", "退 订", "退訂", "td", "หยุด"],
]


@pytest.mark.parametrize("text", OPT_OUTS)
def test_a_message_that_is_the_word_alone_opts_out(text):
    assert meaning(text) is OUT


@pytest.mark.parametrize(
    "text",
    ["START", "start!", "Unstop", "un-stop", "SUBSCRIBE", wide("START"), "старт", "alta", "訂閱", "再開", "BAŞLA"],
)
def test_a_word_opts_in_again(text):
    assert meaning(text) is IN


@pytest.mark.parametrize(
    "text",
    [
        *["", " ", "!!!", "🛑", "\u200b", "1", "?"],
        *["Stop sending me the blue one, please", "Don't stop", "non-stop", "please stop by the shop", "stop2"],
        *["the end", "weekend", "ending", "I want to cancel my order", "Bus stop", "unstoppable", "nonstop"],
        *["yes", "YES", "ok", "no", "RED", "dur", "Ja", "Да", "はい"],
        # Without its vowel sign it is another word; without its accents too, where they make the letter.
        *["बद", "đúng", "dùng"],
    ],
)
def test_every_other_message_is_an_answer(text):
    assert meaning(text) is None


def test_at_least_fourteen_languages_can_opt_out_and_in():
    assert len(WORDS) >= 20
    assert all(words.out and words.again for words in WORDS.values())


def test_no_word_means_both():
    assert {word: kind for word, kind in EVERY if meaning(word) is not kind} == {}


@settings(deadline=None)
@given(st.sampled_from(EVERY), DECORATION, DECORATION, st.sampled_from([str.lower, str.upper, str.title, str]))
def test_decoration_never_changes_the_meaning(known, before, after, case):
    word, kind = known
    assert meaning(before + case(word) + after) is kind
    assert meaning(before + after) is None


@settings(deadline=None)
@given(st.sampled_from(EVERY), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]), st.data())
def test_neither_encoding_nor_what_cannot_be_seen_changes_the_meaning(known, form, data):
    word, kind = known
    spelled = unicodedata.normalize(form, word)
    place = data.draw(st.integers(0, len(spelled)))
    # Between a letter and its mark, nothing is typed.
    if place < len(spelled) and unicodedata.combining(spelled[place]):
        place = 0
    assert (
        meaning(spelled[:place] + data.draw(st.sampled_from(["\u200b", "\u2060", "\u00ad"])) + spelled[place:]) is kind
    )


@settings(deadline=None)
@given(
    st.sampled_from(EVERY),
    st.lists(
        st.sampled_from(["please", "me", "the", "blue", "one", "42", "bitte", "gracias", "да", "今日", "لا", "네"]),
        min_size=1,
        max_size=4,
    ),
    st.data(),
)
def test_a_word_inside_a_sentence_never_matches(known, others, data):
    place = data.draw(st.integers(0, len(others)))
    said = " ".join([*others[:place], known[0], *others[place:]])
    assert meaning(said) is None


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_can_be_asked(text):
    assert meaning(text) in {OUT, IN, None}
