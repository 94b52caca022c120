"""Every table, imported once so that their metadata is whole."""

from schemas.bucket import Bucket
from schemas.campaign import Campaign
from schemas.chunk import Chunk, Tally
from schemas.delivery import Delivery
from schemas.event import Event
from schemas.lane import Lane
from schemas.page import Page
from schemas.recipient_list import RecipientList
from schemas.suppression import Suppression

ALL = (Bucket, Campaign, Chunk, Delivery, Event, Lane, Page, RecipientList, Suppression, Tally)
