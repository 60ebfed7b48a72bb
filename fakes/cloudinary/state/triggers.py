"""Notification triggers: where a cloud tells of what happens, whoever asked for it.

Source: cloudinary.com/documentation/admin_api#triggers, and `cloudinary.api` of the official Python SDK.
"""

from dataclasses import dataclass, replace

from fakes.cloudinary import errors
from fakes.cloudinary.state.documents import Documents
from fakes.kit.clock import Clock
from fakes.kit.ids import Ids
from fakes.kit.store import Store

URIS_MAX = 30
"""So many addresses may a cloud have."""
_URI_MAX_LENGTH = 2048
POLL = "poll://"
URI_TYPES = ("webhook", "flow", "poll")
EVENT_TYPES = frozenset(
    """
    all access_control_changed bulk_refresh_auto_fetch create_folder delete delete_by_token delete_folder
    eager error explode generate_archive info invalidate_custom_cdn moderation moderation_summary move
    move_or_rename_asset_folder multi publish related_assets rename report resource_context_changed
    resource_display_name_changed resource_metadata_changed resource_tags_changed restore_asset_version sprite
    upload
    """.split()  # noqa: SIM905 - one line for each word would hide the code
)


@dataclass(frozen=True, slots=True)
class Trigger:
    """One address for one kind of event. Times in unix seconds.

    Attributes:
        uri: An http(s) address, or `poll://<channel>` (`poll://*` for none).
        uri_type: `webhook`, `flow` or `poll`.
        event_type: A notification type, or `all`.
    """

    id: str
    uri: str
    uri_type: str
    event_type: str
    created_at: float
    updated_at: float


class Triggers:
    """The triggers of all clouds.

    Args:
        store: The fake's store.
        clock: Gives times.
        ids: Gives ids.
    """

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._documents = Documents(store, "trigger", Trigger)
        self._clock = clock
        self._ids = ids

    def all(self, cloud: str, event_type: str | None = None) -> list[Trigger]:
        """The triggers of a cloud, oldest first; only those of one event type if it is given."""
        return [one for one in self._documents.all(cloud) if event_type in (None, one.event_type)]

    def of_event(self, cloud: str, event_type: str) -> list[Trigger]:
        """Those that an event of this type sets off, with those for all events."""
        return [one for one in self.all(cloud) if one.event_type in (event_type, "all")]

    def get(self, cloud: str, trigger_id: str) -> Trigger:
        """The trigger of this id.

        Raises:
            ProviderError: There is none (404).
        """
        found = self._documents.find(cloud, trigger_id)
        if found is None:
            raise errors.trigger_unknown(trigger_id)
        return found

    def create(self, cloud: str, uri: str, event_type: str, uri_type: str) -> Trigger:
        """Add a trigger.

        Raises:
            ProviderError: A part cannot be used, or there are too many addresses (400); or there is one for
                this address and event already (409).
        """
        if uri_type not in URI_TYPES:
            raise errors.invalid_parameter("uri_type", uri_type)
        if event_type not in EVENT_TYPES:
            raise errors.invalid_parameter("event_type", event_type)
        _check_uri(uri, uri_type)
        others = self.all(cloud)
        if any((one.uri, one.event_type) == (uri, event_type) for one in others):
            raise errors.trigger_exists(uri, event_type)
        if len({uri, *(one.uri for one in others)}) > URIS_MAX:
            raise errors.too_many_triggers(URIS_MAX)
        now_s = self._clock.now()
        trigger_id = self._documents.unused(cloud, lambda: self._ids.hex(32))
        made = Trigger(trigger_id, uri, uri_type, event_type, now_s, now_s)
        self._documents.put(cloud, made.id, made)
        return made

    def update(self, cloud: str, trigger_id: str, uri: str) -> Trigger:
        """Give a trigger another address.

        Raises:
            ProviderError: There is none of this id (404), or the address cannot be used (400).
        """
        before = self.get(cloud, trigger_id)
        _check_uri(uri, before.uri_type)
        changed = replace(before, uri=uri, updated_at=self._clock.now())
        self._documents.put(cloud, trigger_id, changed)
        return changed

    def delete(self, cloud: str, trigger_id: str) -> None:
        """Delete a trigger.

        Raises:
            ProviderError: There is none of this id (404).
        """
        self.get(cloud, trigger_id)
        self._documents.delete(cloud, trigger_id)


def _check_uri(uri: str, uri_type: str) -> None:
    is_poll = uri.startswith(POLL) and len(uri) > len(POLL)
    is_fine = is_poll if uri_type == "poll" else uri.startswith(("http://", "https://"))
    if not is_fine or len(uri) > _URI_MAX_LENGTH:
        raise errors.invalid_parameter("uri", uri)
