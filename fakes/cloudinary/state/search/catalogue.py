"""The fields that assets and folders are searched and sorted by.

Source: cloudinary.com/documentation/search_expressions (expression fields).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fakes.cloudinary.expressions import And, Bounds, Node, Not, Or, Term
from fakes.cloudinary.expressions.values import BYTES, SECONDS
from fakes.cloudinary.state.search import fields, labels, structured
from fakes.cloudinary.state.search.conditions import NOTHING, Condition, all_of, any_of, none_of
from fakes.cloudinary.state.search.fields import Asking, Field
from fakes.cloudinary.state.search.words import DISPLAY_NAME, EVERYWHERE, FILENAME, PUBLIC_ID

_ACCESS_MODE = (
    "ifnull(json_extract(assets.extras, '$.access_mode'),"
    " CASE assets.type WHEN 'authenticated' THEN 'authenticated' ELSE 'public' END)"
)
_TO_SLASH = "rtrim(assets.public_id, replace(assets.public_id, '/', ''))"  # up to the last one
_FILENAME = f"substr(assets.public_id, length({_TO_SLASH}) + 1)"
_FIXED_FOLDER = f"rtrim({_TO_SLASH}, '/')"
_RATIO = "(1.0 * assets.width / assets.height)"
PIXELS = "(assets.width * assets.height)"
_ACCESSIBILITY = "json_extract(assets.detail, '$.accessibility_analysis.colorblind_accessibility_score')"
_BIT_RATE = "json_extract(assets.detail, '$.bit_rate')"
_FACES = (
    "coalesce(json_array_length(assets.extras, '$.face_coordinates'),"
    " json_array_length(assets.detail, '$.faces'), 0)"
)
_PAGES = "json_extract(assets.detail, '$.pages')"
BACKUP_BYTES = (
    "(SELECT ifnull(sum(json_extract(backups.asset, '$.bytes')), 0) FROM backups"
    " WHERE backups.asset_id = assets.asset_id)"
)
_CHANGED = ("access_control", "context", "metadata", "public_id", "tags")


def _changed(what: str) -> str:
    """When it was changed; when the asset was made, if never."""
    said = f"json_extract(assets.extras, '$.last_updated.{what}')"
    return f"ifnull({said}, assets.created_at)"


def _yes_or_no(name: str) -> str:
    """What an analysis found to be so or not, as a word; nothing where nobody looked."""
    return f"CASE json_extract(assets.detail, '$.{name}') WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"


_ASSET_FIELDS: Mapping[str, Field] = {
    "accessibility_analysis.colorblind_accessibility_score": fields.amount(_ACCESSIBILITY),
    "access_control": structured.access_control,
    "access_mode": fields.keyword(_ACCESS_MODE),
    "aspect_ratio": fields.share(_RATIO),
    "asset_folder": fields.path("assets.asset_folder", is_indexed=True),
    "asset_id": fields.keyword("assets.asset_id", is_indexed=True),
    "backup_bytes": fields.amount(BACKUP_BYTES, BYTES),
    "bit_rate": fields.amount(_BIT_RATE, BYTES),
    "bytes": fields.amount("assets.bytes", BYTES, is_indexed=True),
    "colors": structured.colors,
    "context": labels.context,
    "created_at": fields.date("assets.created_at", is_indexed=True),
    "display_name": fields.text("assets.display_name", DISPLAY_NAME),
    "duration": fields.amount("assets.duration", SECONDS),
    "etag": fields.keyword("assets.etag"),
    "face_count": fields.amount(_FACES),
    "filename": fields.text(_FILENAME, FILENAME),
    "format": fields.keyword("assets.format"),
    "grayscale": fields.keyword(_yes_or_no("grayscale")),
    "height": fields.amount("assets.height"),
    "illustration_score": fields.amount("json_extract(assets.detail, '$.illustration_score')"),
    "last_updated": fields.date(_changed("updated_at")),
    "metadata": structured.metadata,
    "moderation_kind": fields.keyword("assets.moderation_kind"),
    "moderation_status": fields.keyword("assets.moderation_status"),
    "page_count": fields.amount(_PAGES),
    "pages": fields.amount(_PAGES),
    "pixels": fields.amount(PIXELS),
    "public_id": fields.text("assets.public_id", PUBLIC_ID, is_indexed=True),
    "quality_analysis.focus": fields.amount("json_extract(assets.detail, '$.quality_analysis.focus')"),
    "resource_type": fields.keyword("assets.resource_type", is_indexed=True),
    "status": fields.keyword("'active'"),
    "tags": labels.tags,
    "transparent": fields.keyword(_yes_or_no("semi_transparent")),
    "type": fields.keyword("assets.type"),
    "updated_at": fields.date(_changed("updated_at")),
    "uploaded_at": fields.date("assets.created_at", is_indexed=True),
    "version": fields.amount("assets.version"),
    "width": fields.amount("assets.width"),
} | {
    f"last_updated.{name}": fields.date(_changed(name))
    for name in ("updated_at", *(f"{what}_updated_at" for what in _CHANGED))
}


_KEYED: Mapping[str, Callable[[str], Field]] = {
    "colors": structured.color_share,
    "context": labels.context_value,
    "image_metadata": structured.image_metadata_value,
    "metadata": structured.metadata_value,
}


def _asset_field(name: str, asking: Asking) -> Field:
    """A field of assets; one that does not exist matches nothing."""
    kind, dot, key = name.partition(".")
    if dot and kind in _KEYED:
        return _KEYED[kind](key)
    if name == "folder" and asking.is_fixed:  # in dynamic folder mode it matches nothing
        return fields.path(_FIXED_FOLDER)
    return _ASSET_FIELDS.get(name, fields.nothing)


def _anywhere(clause: Term | Bounds, asking: Asking) -> Condition:
    """A value without a field: its words, wherever they stand in an asset."""
    value = fields.value_of(clause)
    find = fields.beginning if value.is_prefix else fields.having_words
    words = find(asking, EVERYWHERE, value.text)
    return all_of(words) if words else NOTHING


_FOLDER_NAME = "substr(folders.path, length(folders.parent) + 1 + (folders.parent <> ''))"
_FOLDER_FIELDS: Mapping[str, Field] = {
    "created_at": fields.date("folders.created_at"),
    "external_id": fields.keyword("folders.external_id"),
    "name": fields.scanned(_FOLDER_NAME),
    "path": fields.scanned("folders.path"),
}


def _folder_field(name: str, _asking: Asking) -> Field:
    return _FOLDER_FIELDS.get(name, fields.nothing)


def _in_folder_path(clause: Term | Bounds, asking: Asking) -> Condition:
    return _FOLDER_FIELDS["path"](clause, asking)


@dataclass(frozen=True, slots=True)
class SortKey:
    """What rows are sorted by.

    Attributes:
        is_nullable: Rows without a value come last, whatever the direction.
    """

    expression: str
    is_nullable: bool = False


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A table that can be searched, by its fields.

    Attributes:
        id_column: Tells its rows apart, and decides the order of equal ones.
        field: The meaning of `name:value`.
        anywhere: The meaning of a value without a name.
        sorts: By what it can be sorted.
    """

    table: str
    id_column: str
    field: Callable[[str, Asking], Field]
    anywhere: Field
    sorts: Mapping[str, SortKey]

    def condition(self, node: Node, asking: Asking, *, is_not: bool = False) -> Condition:
        """What an expression means in SQL, or its opposite: only single terms are ever negated there.

        Raises:
            ProviderError: A value does not suit its field (400).
        """
        match node:
            case Not(inner):
                return self.condition(inner, asking, is_not=not is_not)
            case And(nodes) | Or(nodes):
                join = all_of if isinstance(node, And) is not is_not else any_of
                return join([self.condition(one, asking, is_not=is_not) for one in nodes])
            case Term() | Bounds():
                field = self.anywhere if node.field is None else self.field(node.field, asking)
                found = field(node, asking)
                return none_of(found) if is_not else found

    def sort_key(self, name: str) -> SortKey | None:
        """What sorts by this name, or None."""
        return self.sorts.get(name)


ASSETS = Catalogue(
    "assets",
    "assets.asset_id",
    _asset_field,
    _anywhere,
    {
        "aspect_ratio": SortKey(_RATIO, is_nullable=True),
        "asset_folder": SortKey("assets.asset_folder"),
        "asset_id": SortKey("assets.asset_id"),
        "bytes": SortKey("assets.bytes"),
        "created_at": SortKey("assets.created_at"),
        "display_name": SortKey("assets.display_name"),
        "duration": SortKey("assets.duration", is_nullable=True),
        "filename": SortKey(_FILENAME),
        "format": SortKey("assets.format", is_nullable=True),
        "height": SortKey("assets.height", is_nullable=True),
        "pixels": SortKey(PIXELS, is_nullable=True),
        "public_id": SortKey("assets.public_id"),
        "resource_type": SortKey("assets.resource_type"),
        "type": SortKey("assets.type"),
        "updated_at": SortKey(_changed("updated_at")),
        "uploaded_at": SortKey("assets.created_at"),
        "version": SortKey("assets.version"),
        "width": SortKey("assets.width", is_nullable=True),
    },
)
FOLDERS = Catalogue(
    "folders",
    "folders.external_id",
    _folder_field,
    _in_folder_path,
    {
        "created_at": SortKey("folders.created_at"),
        "name": SortKey(_FOLDER_NAME),
        "path": SortKey("folders.path"),
    },
)
