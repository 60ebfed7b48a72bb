"""What the Hub remembers: tokens, Spaces, their files and what became of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from fakes.huggingface import errors
from fakes.huggingface.refusals import ON_COMMAND
from fakes.huggingface.state import card as cards
from fakes.huggingface.state import deployments, files, logs, settings, spaces, tokens, uploads
from fakes.huggingface.state.access import Access
from fakes.huggingface.state.blobs import Blobs
from fakes.huggingface.state.deployments import FAILED, Deployment, Deployments
from fakes.huggingface.state.files import MAIN, Change, Commit, Files, checked_path
from fakes.huggingface.state.hardware import FLAVORS
from fakes.huggingface.state.logs import Logs
from fakes.huggingface.state.settings import Settings
from fakes.huggingface.state.spaces import (
    BASIC,
    BASIC_SLEEP_S,
    NEVER_SLEEPS,
    SECRET,
    VARIABLE,
    Space,
    Spaces,
    checked_name,
)
from fakes.huggingface.state.tokens import PRODUCTION_NAMESPACE, Token, Tokens
from fakes.huggingface.state.uploads import Uploads
from fakes.kit import orders
from fakes.kit.documents import SeedRow, check_fields, rows, texts
from fakes.kit.errors import ProviderError
from fakes.kit.kit import Kit
from fakes.kit.limits import Windows
from fakes.kit.orders import Action
from fakes.kit.refusals import Refusals

_SCHEMAS = (orders, tokens, spaces, files, deployments, logs, settings, uploads)
_SPACE_FIELDS = ("id", "sdk", "private", "files", "secrets", "variables")
_SECONDS_LIMIT = 1 << 31
_SERVES = ("RUNNING", "RUNNING_BUILDING", "RUNNING_APP_STARTING")
_LIVES = (*_SERVES, "APP_STARTING", "RUNTIME_ERROR")
_ATTRIBUTES = "".join(
    f"*.{end} filter=lfs diff=lfs merge=lfs -text\n"
    for end in ("7z", "bin", "gz", "onnx", "parquet", "pkl", "pt", "safetensors", "tar", "wasm", "zip")
)
_PAGE = (
    "<!doctype html>\n<html>\n<head><title>My static Space</title></head>\n<body>Welcome</body>\n</html>\n"
)


class HubState:
    """All of it, in the kit's store; contents of files lie beside the store."""

    def __init__(self, kit: Kit) -> None:
        store = kit.open_store("".join(one.SCHEMA for one in _SCHEMAS))
        folder = kit.settings.state_dir
        self.kit = kit
        self.blobs = Blobs(folder / "huggingface-files" if folder else None)
        self.settings = Settings(store, kit.settings.timing)
        self.tokens = Tokens(store)
        self.spaces = Spaces(store, kit.clock, kit.ids)
        self.files = Files(store, self.blobs, kit.clock, kit.ids)
        self.logs = Logs(store, kit.clock)
        self.agent = orders.Agent(kit)
        self.deployments = Deployments(kit, self.settings, self.blobs, self.logs, self.agent)
        self.uploads = Uploads(store, self.blobs, kit.clock, kit.ids)
        self.refusals = Refusals(ON_COMMAND)
        self.windows = Windows(kit.clock)
        self.access = Access(self.tokens, self.spaces, self.refusals)

    def populate(self) -> None:
        """Write the tokens that are always there."""
        self.tokens.populate()

    def load(self, document: Mapping[str, Any]) -> None:
        """Read `tokens`, `spaces` and the settings of a seed document.

        Raises:
            ValueError: A field is not usable.
        """
        check_fields(document, ("tokens", "spaces", *settings.NAMES))
        self.settings.load(document)
        self.tokens.load(rows(document, "tokens"))
        for row in rows(document, "spaces"):
            self._load_space(row)

    def summary(self) -> dict[str, Any]:
        """Counts, and the stage of each Space."""
        store = self.kit.store
        counts = {name: store.count(name) for name in ("tokens", "commits", "deployments")}
        return counts | {"spaces": {space.id: self.stage(space) for space in self.spaces.all()}}

    def reset(self) -> None:
        """Drop contents that no row names, and the counts of the rate limits; tell the agent."""
        self.windows.clear()
        self.blobs.keep_only(self.files.contents(), {one.id for one in self.deployments.all()})
        self.agent.reset()

    def close(self) -> None:
        """Remove what is temporary."""
        self.blobs.close()

    def create(
        self,
        caller: Token,
        name: object,
        namespace: str,
        sdk: object,
        *,
        is_private: bool,
        url: str,
        values: Mapping[str, Sequence[Mapping[str, Any]]],
        hardware: object = None,
    ) -> Space:
        """Make a Space with its first commit.

        Args:
            caller: Who makes it.
            name: Its name within the namespace.
            namespace: Whose it shall be.
            sdk: gradio, docker or static.
            is_private: Whether others may see it.
            url: Address of the namespace's Spaces, for the answer to a name that is taken.
            values: Secrets and variables.
            hardware: What it shall run on.

        Raises:
            ProviderError: A field is wrong (400), no right to (403), or the name is taken (409).
        """
        space_id = f"{namespace}/{checked_name(name)}"
        _check_namespace(caller, space_id)
        if self.spaces.find(space_id) is not None:
            raise errors.already_created(f"{url}/{name}")
        flavor = _flavor(hardware or BASIC)
        with self.kit.store.transaction():
            space = self.spaces.create(space_id, sdk, is_private=is_private)
            for kind, given in values.items():
                for one in given:
                    self.spaces.set_value(space, kind, one)
            space = self._set_hardware(space, flavor, None)
            self._commit_first(space, caller.user)
        self._deploy(space)
        return self.spaces.existing(space.key)

    def move(self, caller: Token, space: Space, namespace: str, name: object, url: str) -> Space:
        """Rename a Space; what it has stays.

        Raises:
            ProviderError: The name is none (400), not the caller's (403), or taken (409).
        """
        space_id = f"{namespace}/{checked_name(name)}"
        _check_namespace(caller, space_id)
        taken = self.spaces.find(space_id)
        if taken is not None and taken.key != space.key:
            raise errors.already_created(f"{url}/{name}")
        return self.spaces.change(space, id=space_id)

    def delete(self, space: Space) -> None:
        """Remove a Space and all it has; an agent is told to stop what it runs."""
        self._stop(space)
        self.files.drop(space.key)
        self.logs.drop(space.key)
        self.spaces.drop(space)

    def commit(
        self,
        space: Space,
        changes: Sequence[Change],
        title: str,
        message: str,
        author: str,
        parent: object,
    ) -> Commit:
        """Add a commit to `main`; the Space is built from it, unless it is paused.

        Raises:
            ProviderError: Somebody has committed since `parent` (412), or as for `Files.commit`.
        """
        head = self.files.revision(space.key, MAIN)
        if parent is not None and not head.id.startswith(str(parent)):
            raise errors.outdated_parent()
        made = self.files.commit(space.key, changes, title, message, author)
        if not space.is_paused:  # guess: a paused Space stays so
            self._deploy(space)
        return made

    def stage(self, space: Space) -> str:
        """Where a Space is, in the Hub's words."""
        if space.is_paused:
            return "PAUSED"
        if space.flaw is not None:
            return space.flaw
        deployment = self.deployments.latest(space.key)
        if deployment is None:
            return "STOPPED"
        now = self.kit.clock.now()
        stage = deployment.stage(now)
        may_sleep = stage == "RUNNING" and space.sleep_s is not None and space.sdk != "static"
        return "SLEEPING" if may_sleep and space.used_s + (space.sleep_s or 0) <= now else stage

    def restart(self, space: Space, *, factory: bool) -> Space:
        """Start a Space again, and build it where that was asked for or is needed.

        Raises:
            ProviderError: A static Space (400).
        """
        _check_runs(space)
        last = self.deployments.latest(space.key)
        now = self.kit.clock.now()
        is_built = space.flaw is None and last is not None and last.stage(now) != "BUILD_ERROR"
        builds = factory or not is_built
        self._deploy(space, "redeploy" if builds else "restart", builds=builds)
        return self.spaces.existing(space.key)

    def pause(self, space: Space) -> Space:
        """Stop a Space until somebody restarts it.

        Raises:
            ProviderError: A static Space (400).
        """
        _check_runs(space)
        self._stop(space)
        return self.spaces.change(space, is_paused=True)

    def wake(self, space: Space) -> Space:
        """Note a visit, which starts a Space that sleeps."""
        sleeps = self.stage(space) == "SLEEPING"
        space = self.spaces.change(space, used_s=self.kit.clock.now())
        if sleeps:
            self._deploy(space, "restart", builds=False, was_running=False)
        return self.spaces.existing(space.key)

    def set_sleep(self, space: Space, seconds: object) -> Space:
        """Set after how many seconds without a visit a Space sleeps; free hardware keeps its 48 hours.

        Raises:
            ProviderError: Not a number of seconds, or a static Space (400).
        """
        _check_runs(space)
        return self._set_hardware(space, space.hardware, _seconds(seconds))

    def set_hardware(self, space: Space, flavor: object, seconds: object) -> Space:
        """Ask for other hardware; a Space that runs starts again on it.

        Raises:
            ProviderError: No such hardware, not a number of seconds, or a static Space (400).
        """
        _check_runs(space)
        given = None if seconds is None else _seconds(seconds)
        space = self._set_hardware(space, _flavor(flavor), given)
        self.restart_for_values(space)
        return self.spaces.existing(space.key)

    def restart_for_values(self, space: Space) -> None:
        """A secret, a variable or the hardware is another: a Space that lives starts again with it."""
        if space.flaw is not None or self.spaces.names_used_twice(space):
            self._deploy(space)
        elif space.sdk != "static" and self.stage(space) in _LIVES:
            self._deploy(space, "restart", builds=False)

    def _deploy(
        self,
        space: Space,
        action: Action | None = "deploy",
        *,
        builds: bool = True,
        was_running: bool | None = None,
    ) -> None:
        """Build and start `main`, or note why that cannot be."""
        served = self.stage(space) in _SERVES if was_running is None else was_running
        commit = self.files.revision(space.key, MAIN)
        space, flaw, text = self._flaw(space, commit)
        space = self.spaces.change(
            space, flaw=flaw, flaw_text=text, is_paused=False, used_s=self.kit.clock.now()
        )
        if flaw is None:
            entries = self.files.entries(space.key, commit)
            runs = space.sdk != "static"
            self.deployments.begin(
                space, commit, entries, action, was_running=served and runs, builds=builds and runs
            )

    def _flaw(self, space: Space, commit: Commit) -> tuple[Space, str | None, str | None]:
        """The Space with its README.md's SDK; the stage and the reason that keep it from being built."""
        text = self.files.text(space.key, commit, "README.md")
        try:
            card = cards.read(text or "")
        except cards.BadCard as error:
            return space, "CONFIG_ERROR", str(error)
        if card is None or "sdk" not in card:
            return space, "CONFIG_ERROR", "Missing configuration in README"
        if wrong := cards.flaws(card):
            return space, "CONFIG_ERROR", wrong[0]
        space = self.spaces.change(space, sdk=card["sdk"])
        if self.spaces.names_used_twice(space):
            return space, "CONFIG_ERROR", "Collision on variables and secrets names"
        needed = cards.app_file(card, space.sdk)
        if self.files.find(space.key, commit, needed) is None:
            return space, "NO_APP_FILE", f"No application file: {needed}"
        return space, None, None

    def _stop(self, space: Space) -> None:
        last = self.deployments.latest(space.key)
        if last is not None and self._is_live(last):
            self.deployments.cancel(last)

    def _is_live(self, deployment: Deployment) -> bool:
        return deployment.stage(self.kit.clock.now()) not in (*FAILED, "STOPPED")

    def _set_hardware(self, space: Space, flavor: str, seconds: int | None) -> Space:
        sleep_s = None if seconds == NEVER_SLEEPS else seconds
        if flavor == BASIC:
            sleep_s = BASIC_SLEEP_S  # guess: a given time is not refused
        return self.spaces.change(space, hardware=flavor, sleep_s=sleep_s)

    def _commit_first(self, space: Space, author: str, more: Mapping[str, str] | None = None) -> None:
        given = {".gitattributes": _ATTRIBUTES, "README.md": cards.initial(space.name, space.sdk)}
        if space.sdk == "static":
            given["index.html"] = _PAGE
        texts_of = {**given, **(more or {})}
        changes = [Change(checked_path(path), text.encode()) for path, text in texts_of.items()]
        self.files.commit(space.key, changes, "initial commit", "", author)

    def _load_space(self, given: SeedRow) -> None:
        """Add a Space: `{"id", "sdk"?, "private"?, "files"?, "secrets"?, "variables"?}`; it runs at once."""
        where, row = given
        check_fields(row, _SPACE_FIELDS)
        namespace, _, name = str(row.get("id")).partition("/")
        if not namespace or namespace.lower() == PRODUCTION_NAMESPACE or self.spaces.find(str(row["id"])):
            raise ValueError(
                f"{where}.id is {row.get('id')!r}; it must be owner/name, not production's, once"
            )
        try:
            checked_name(name)
            is_private = row.get("private") is True
            space = self.spaces.create(str(row["id"]), row.get("sdk", "docker"), is_private=is_private)
            for kind in (SECRET, VARIABLE):
                for key, value in texts(row, kind).items():
                    self.spaces.set_value(space, kind, {"key": key, "value": value})
            self._commit_first(space, namespace, texts(row, "files"))
            self._deploy(space, None)
        except ProviderError as error:
            raise ValueError(f"{where}: {error.message}") from error


def _check_namespace(caller: Token, space_id: str) -> None:
    """Let pass who may have a Space of this id."""
    namespace = space_id.partition("/")[0]
    if namespace.lower() == PRODUCTION_NAMESPACE:
        touched = f"production's namespace was to get Space '{space_id}' at Hugging Face"
        raise errors.namespace_forbidden(namespace, touched)
    if not caller.may_write(space_id):
        raise errors.namespace_forbidden(namespace)


def _check_runs(space: Space) -> None:
    if space.sdk == "static":
        raise errors.static_space()


def _flavor(given: object) -> str:
    if not isinstance(given, str) or given not in {one.name for one in FLAVORS}:
        raise errors.bad_request(f'"flavor" must be one of [{", ".join(one.name for one in FLAVORS)}]')
    return given


def _seconds(given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not NEVER_SLEEPS <= given < _SECONDS_LIMIT:
        raise errors.bad_request('"seconds" must be a number of seconds, or -1')
    return given
