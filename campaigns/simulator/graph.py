"""Meta's Graph API as the receiving side of `POST /{version}/{account}/messages`.

Shapes and figures: Send API reference and error pages of the Messenger and Instagram platforms, read in autumn
2026; error bodies, statuses and translations follow captured answers. The token `sim-<account id>` is good for that
account.
"""

from typing import Any

from campaigns.simulator.answer import JSON, Answer, Call, Headers, Moment, Wait, date, decode, encode
from campaigns.simulator.graph_codes import FATES, RETIRED_TAGS, Problem, problem
from campaigns.simulator.scenario import Scenario

MESSENGER_CHARACTERS = 2000
INSTAGRAM_BYTES = 1000
MOST_QUICK_REPLIES = 13
MESSAGING_TYPES = {"RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY"}
TAGS = {"instagram": {"HUMAN_AGENT"}, "messenger": {"HUMAN_AGENT", "CUSTOMER_FEEDBACK"}}


class Graph:
    """Reads calls and writes answers the way Graph does."""

    name = "meta"
    limit_code = key_code = "613"
    internal_code = "1"
    invalid_code = "100"

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario

    def read(self, path_account: str, headers: dict[bytes, bytes], query_token: str, body: bytes) -> Call:
        """Read a request; what is wrong with it stands in the call."""
        token = headers.get(b"authorization", b"").decode("latin-1").removeprefix("Bearer ") or query_token
        account = token.removeprefix("sim-") if token.startswith("sim-") else ""
        channel = "instagram" if self._scenario.speaks_instagram(account) else "messenger"
        call = Call(channel, account=account, token_in_query=bool(query_token))
        call.denied = self._denied(account, path_account)
        if not call.denied:
            _read_body(call, decode(body))
        return call

    def _denied(self, account: str, path_account: str) -> str:
        if not account:
            return "190"
        if account in self._scenario.revoked:
            return "190-460"
        if path_account not in {"me", account}:
            return "100-33"
        return self._scenario.account_codes.get(account, "")

    def me(self, call: Call, moment: Moment) -> Answer:
        """Return the answer to a token's question who it is; `call` as `read` gives it for an empty body."""
        if call.denied:
            return self.error(call, call.denied, moment)
        return self.found(call, encode({"id": call.account, "name": f"Page {call.account}"}), moment)

    def found(self, call: Call, body: bytes, moment: Moment) -> Answer:
        """Return the answer to a question, with a body of JSON."""
        return Answer(200, self._headers(call, moment), body)

    def code_of(self, fate: str, call: Call) -> str:
        """Return Graph's code for a named fate; any other code stands for itself."""
        return FATES[fate][call.channel] if fate in FATES else fate

    def quota_code(self, call: Call) -> str:
        """Return the code for a used-up quota."""
        return "80002" if call.channel == "instagram" else "80006"

    def accepted(self, call: Call, message_id: str, moment: Moment) -> Answer:
        """Return the answer to a message taken."""
        body = encode(
            {"recipient_id": call.recipient, "message_id": message_id}
            if message_id
            else {"recipient_id": call.recipient}
        )
        return Answer(200, self._headers(call, moment), body)

    def invalid(self, call: Call, moment: Moment) -> Answer:
        """Return the answer to a body that breaks a rule: a bare 100."""
        return self._error(call, Problem(400, f"(#100) {call.invalid}"), self.invalid_code, moment)

    def error(self, call: Call, code: str, moment: Moment, wait: Wait | None = None) -> Answer:
        """Return the error answer of a code such as `10-2018278`."""
        answer = self._error(call, problem(code, call.recipient), code, moment)
        if wait:
            answer.headers += wait.header(moment.now)
        return answer

    def _error(self, call: Call, what: Problem, code: str, moment: Moment) -> Answer:
        number, _, subcode = code.partition("-")
        error: dict[str, Any] = {
            "message": what.message,
            "type": "IGApiException" if call.channel == "instagram" else "OAuthException",
            "code": int(number) if number.isdigit() else 1,
        }
        if subcode.isdigit():
            error["error_subcode"] = int(subcode)
        if what.transient:
            error["is_transient"] = True
        error["fbtrace_id"] = _trace(moment)
        return Answer(what.status, self._headers(call, moment), encode({"error": error}))

    def _headers(self, call: Call, moment: Moment) -> Headers:
        usage, regain = moment.gauge.usage, moment.gauge.regain
        by_business = (
            f'{{"{call.account}":[{{"type":"{call.channel}","call_count":{usage},"total_cputime":1,"total_time":1,'
            f'"estimated_time_to_regain_access":{regain}}}]}}'
        )
        return [
            JSON,
            date(moment.now),
            (b"x-app-usage", b'{"call_count":%d,"total_time":1,"total_cputime":1}' % min(usage, 100)),
            (b"x-business-use-case-usage", by_business.encode("latin-1", "replace")),
            (b"x-fb-trace-id", _trace(moment).encode()),
        ]


def _trace(moment: Moment) -> str:
    return f"A{moment.number:021x}"


def _read_body(call: Call, body: dict[str, Any]) -> None:
    recipient, message = body.get("recipient"), body.get("message")
    to = recipient.get("id") if isinstance(recipient, dict) else None
    if not isinstance(to, str) or not to:
        call.invalid = "param recipient must be non-empty, its id a string"
        return
    call.recipient = to
    call.invalid = _wrong_envelope(body, call.channel) or _wrong_message(message, call.channel)
    call.human_agent = body.get("tag") == "HUMAN_AGENT"
    if isinstance(message, dict):
        call.message = message
        call.content = _content(message)


def _wrong_envelope(body: dict[str, Any], channel: str) -> str:
    kind, tag = body.get("messaging_type"), body.get("tag")
    if kind is not None and kind not in MESSAGING_TYPES:
        return "param messaging_type must be one of RESPONSE, UPDATE, MESSAGE_TAG, UTILITY"
    if (kind == "MESSAGE_TAG") != (tag is not None) and kind is not None:
        return "param tag goes with messaging_type MESSAGE_TAG, and only with it"
    if tag in RETIRED_TAGS:
        return f"Message tag {tag} is no longer supported"
    if tag is not None and tag not in TAGS[channel]:
        return "Invalid message tag"
    return ""


def _wrong_message(message: Any, channel: str) -> str:
    if not isinstance(message, dict):
        return "param message must be an object"
    contents = [name for name in ("text", "attachment", "attachments", "template") if name in message]
    if len(contents) != 1:
        return "Message must have exactly one of text, attachment, attachments, template"
    return _wrong_text(message.get("text", "-"), channel) or _wrong_quick_replies(message.get("quick_replies", []))


def _wrong_text(text: Any, channel: str) -> str:
    if not isinstance(text, str) or not text:
        return "param message[text] must be a non-empty string"
    if channel == "instagram" and len(text.encode(errors="surrogatepass")) > INSTAGRAM_BYTES:
        return f"Length of param message[text] must be less than or equal to {INSTAGRAM_BYTES} bytes"
    if len(text) > MESSENGER_CHARACTERS:
        return f"Length of param message[text] must be less than or equal to {MESSENGER_CHARACTERS}"
    return ""


def _wrong_quick_replies(replies: Any) -> str:
    if not isinstance(replies, list) or len(replies) > MOST_QUICK_REPLIES:
        return f"param message[quick_replies] must be an array of at most {MOST_QUICK_REPLIES} elements"
    for reply in replies:
        if not isinstance(reply, dict) or not isinstance(reply.get("content_type"), str):
            return "param message[quick_replies] must be objects with a content_type"
        if reply["content_type"] == "text" and not (reply.get("title") and isinstance(reply.get("payload"), str)):
            return "Quick replies of type text need a title and a payload"
    return ""


def _content(message: dict[str, Any]) -> str:
    if message.keys() == {"text"} and isinstance(message["text"], str):
        return message["text"]
    return encode({name: value for name, value in message.items() if name != "metadata"}).decode()
