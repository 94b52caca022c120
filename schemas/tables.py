"""Every table, imported once so that their metadata is whole."""

from schemas.api_answer import ApiAnswer
from schemas.api_key import ApiKey
from schemas.bucket import Bucket
from schemas.campaign import Campaign
from schemas.chunk import Chunk, Tally
from schemas.consent import Consent
from schemas.contact import Contact
from schemas.delivery import Delivery
from schemas.ended_pass import EndedPass
from schemas.erasure import ErasureKey
from schemas.event import Event
from schemas.inbound import InboundEvent, SentMessage
from schemas.job import Job
from schemas.lane import Lane
from schemas.login_link import LoginLink
from schemas.notice import Notice, NoticeTarget
from schemas.page import Page
from schemas.pull_state import PullState
from schemas.recipient_list import RecipientList
from schemas.series import Occurrence, Series
from schemas.signing_key import SigningKey
from schemas.sketch import Sketch
from schemas.suppression import Suppression
from schemas.tester import Tester

ALL = (
    ApiAnswer,
    ApiKey,
    Bucket,
    Campaign,
    Chunk,
    Consent,
    Contact,
    Delivery,
    EndedPass,
    ErasureKey,
    Event,
    InboundEvent,
    Job,
    Lane,
    LoginLink,
    Notice,
    NoticeTarget,
    Occurrence,
    Page,
    PullState,
    RecipientList,
    SentMessage,
    Series,
    SigningKey,
    Sketch,
    Suppression,
    Tally,
    Tester,
)
