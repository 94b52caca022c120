"""The words by which people opt out of messages, and in again, in their own languages.

A message counts only as a whole: "STOP!!!" is an opt-out, "stop sending me the blue one" is an answer. What is no
letter or digit is decoration, and so are case, accents, blanks and the width of letters. A word is in the table if a
message of that word alone hardly means anything else, or if the senders of a country print it under their messages
(BAJA, PARE, RET); to opt in again takes the plainer word, so "yes" and "register" are missing. Turkish RED and DUR are
missing too: a colour, and French for hard. The seven that 47 CFR 64.1200(a)(10) names, in force since 2025-04-11, are
among the English ones: stop, quit, end, revoke, opt out, cancel, unsubscribe.
"""

import re
from functools import cache
from typing import NamedTuple
from unicodedata import category, normalize

from schemas.consent import ConsentKind


class Words(NamedTuple):
    """What one language says, with commas between; spelling, case and accents are compared loosely."""

    out: str
    again: str


WORDS = {
    "English": Words(
        "stop, stopall, stop all, unsubscribe, unsubscribe me, cancel, end, quit, opt out, opt me out, revoke, "
        "remove me, stop messages, stop messaging me",
        "start, unstop, subscribe, resubscribe, opt in",
    ),
    "Arabic": Words(
        "توقف, توقفوا, أوقف, أوقفوا, إيقاف, قف, إلغاء, إلغاء الاشتراك, الغاء الإشتراك, إلغاء الرسائل",
        "ابدأ, اشترك, إعادة الاشتراك, استئناف",
    ),
    "Chinese, simplified": Words("退订, 取消订阅, 停止, 停止发送, 拒收, 拒绝接收, TD", "订阅, 重新订阅, 恢复订阅"),
    "Chinese, traditional": Words("退訂, 取消訂閱, 停止, 停止發送, 拒收, 拒絕接收", "訂閱, 重新訂閱, 恢復訂閱"),
    "Czech": Words("odhlásit, odhlásit se, zrušit odběr", "přihlásit odběr"),
    "Danish": Words("afmeld, afmeld mig, frameld", "tilmeld mig igen"),
    "Dutch": Words("stoppen, afmelden, uitschrijven, beëindigen", "abonneren, hervatten"),
    "Finnish": Words("lopeta, peruuta tilaus", "aloita"),
    "French": Words(
        "arrêt, arrêter, arrêtez, désabonner, désabonnement, me désabonner, se désabonner, désabonnez-moi, "
        "désinscrire, désinscription, me désinscrire, désinscrivez-moi",
        "m'abonner, réabonner, me réabonner, abonnez-moi",
    ),
    "German": Words(
        "stopp, abmelden, abmeldung, abbestellen, abbestellung, austragen, beenden, keine nachrichten mehr",
        "abonnieren, wieder anmelden",
    ),
    "Greek": Words("στοπ, διακοπή, διαγραφή, απεγγραφή, κατάργηση εγγραφής", "επανεγγραφή, έναρξη"),
    "Hebrew": Words("עצור, הסר, הסרה, להסיר, הסירו אותי, הפסק, הפסיקו, בטל מנוי, ביטול מנוי", "התחל, הצטרף"),
    "Hindi": Words(
        "रोकें, रोको, बंद, बंद करें, बंद करो, सदस्यता समाप्त करें, सदस्यता रद्द करें, स्टॉप",
        "शुरू, शुरू करें, प्रारंभ, सदस्यता लें",
    ),
    "Hungarian": Words("leiratkozás, leiratkozom, leállítás", "feliratkozás, feliratkozom"),
    "Indonesian": Words("berhenti, hentikan, berhenti berlangganan, batal langganan", "mulai, berlangganan"),
    "Italian": Words(
        "ferma, fermare, disiscrivimi, disiscrivi, disiscriviti, disiscrizione, cancellami, cancella iscrizione, "
        "annulla iscrizione",
        "iscrivimi, iscrivimi di nuovo, riprendi",
    ),
    "Japanese": Words(
        "停止, 配信停止, 配信解除, 登録解除, 購読解除, 受信拒否, 解除, 退会, ストップ",
        "再開, 配信再開, 購読, 配信希望",
    ),
    "Korean": Words("수신거부, 구독취소, 구독해지, 중지, 정지, 그만, 스톱", "수신동의, 구독, 재구독"),
    "Norwegian": Words("stopp, avmeld, meld meg av", "meld meg på"),
    "Polish": Words(
        "wypisz, wypisz mnie, wypisuję się, rezygnuję, rezygnacja, zrezygnuj, anuluj subskrypcję, zatrzymaj",
        "zapisz mnie, subskrybuj, wznów",
    ),
    "Portuguese": Words(
        "parar, pare, sair, cancelar, cancelar inscrição, cancele, descadastrar, descadastre, descadastro, remover, "
        "me remova, anular, desinscrever",
        "iniciar, começar, inscrever, voltar a receber",
    ),
    "Romanian": Words("dezabonare, dezabonează-mă, mă dezabonez", "abonare, abonează-mă"),
    "Russian": Words(
        "стоп, отписаться, отписка, отпишите, отпишите меня, отписать, прекратить, прекратите",
        "старт, подписаться, возобновить",
    ),
    "Spanish": Words(
        "parar, pare, baja, darme de baja, darse de baja, dame de baja, quiero darme de baja, cancelar, "
        "cancelar suscripción, desuscribir, desuscribirme, desuscribirse, detener, no más mensajes",
        "alta, darme de alta, suscribir, suscribirme, suscribirse, comenzar, iniciar, reanudar",
    ),
    "Swedish": Words("stopp, sluta, avsluta, avregistrera, avprenumerera", "starta, prenumerera"),
    "Thai": Words("หยุด, ยกเลิก, ยกเลิกการสมัคร, เลิกรับข้อความ", "เริ่ม, สมัครรับข้อความ"),
    "Turkish": Words(
        "durdur, iptal, iptal et, çık, çıkış, abonelikten çık, abonelik iptal, ret",  # noqa: RUF001 - its own letter
        "başla, başlat, abone ol",
    ),
    "Ukrainian": Words(
        "стоп, відписатися, відписатись, відписка, відпишіть, відпишіть мене, припинити, припиніть",
        "старт, підписатися, підписатись, відновити",
    ),
    "Vietnamese": Words("hủy đăng ký, huỷ đăng ký, ngừng nhận tin, ngừng gửi tin", "bắt đầu, đăng ký lại"),
}

# Letters and digits that are pictures when the selector of that style follows them.
_EMOJI = re.compile("[0-9\N{INFORMATION SOURCE}\N{TRADE MARK SIGN}\u24c2\u3297\u3299]\N{VARIATION SELECTOR-16}")
# Accents of Latin, Greek and Cyrillic, the vowel points of Hebrew and Arabic and its hamzas. The vowel signs of other
# scripts are marks too, but without them another word is left.
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed]")
_LENGTHENED = frozenset("\N{ARABIC TATWEEL}\N{HANGUL CHOSEONG FILLER}\N{HANGUL JUNGSEONG FILLER}")
_UNDOTTED = str.maketrans("\N{LATIN SMALL LETTER DOTLESS I}", "i")


def meaning(text: str) -> ConsentKind | None:
    """Return what a person's message says about being written to; None for every other message."""
    return _MEANINGS.get(_bare(text))


def _bare(text: str) -> str:
    """Return the letters and digits of a text, in the one form that all its spellings share.

    Turkish has an i with a dot and one without, and
    most people type neither: all of them become the same.
    """
    plain = normalize("NFKD", normalize("NFKC", _EMOJI.sub("", text)).casefold())
    letters = "".join(filter(_is_letter, _ACCENTS.sub("", plain)))
    return normalize("NFC", letters).translate(_UNDOTTED)


@cache
def _is_letter(character: str) -> bool:
    kind = category(character)
    # Among the marks, those that enclose and the selectors of a variant are decoration.
    decorates = kind == "Me" or "\ufe00" <= character <= "\ufe0f" or character in _LENGTHENED
    return kind[0] in "LNM" and not decorates


def _meanings() -> dict[str, ConsentKind]:
    return {
        _bare(word): kind
        for words in WORDS.values()
        for kind, listed in ((ConsentKind.OPTED_OUT, words.out), (ConsentKind.OPTED_IN, words.again))
        for word in listed.split(",")
    }


_MEANINGS = _meanings()
