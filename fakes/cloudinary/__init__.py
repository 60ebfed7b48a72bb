"""Cloudinary: Upload API and Admin API (api.cloudinary.com) and delivery (res.cloudinary.com) on one port.

Not covered: unsigned uploads by preset, incoming transformations, moderation, structured metadata, add-ons,
overlays, named and conditional transformations, adaptive streaming, archives, sprites, most of the search
grammar, provisioning.
"""

from fakes.kit.kit import Endpoint, Fake

_UPLOAD = "cloudinary.com/documentation/image_upload_api_reference"
_ADMIN = "cloudinary.com/documentation/admin_api"
_FIELDS = "cloudinary.com/documentation/admin_api#metadata_fields"
_RULES = "cloudinary.com/documentation/conditional_metadata_rules_api"
_SEARCH = "cloudinary.com/documentation/search_api"
_DELIVERY = "cloudinary.com/documentation/advanced_url_delivery_options"

FAKE = Fake(
    name="cloudinary",
    title="Cloudinary",
    hosts=("api.cloudinary.com", "res.cloudinary.com"),
    port=8410,
    coverage=(
        Endpoint("POST", "/v1_1/{cloud}/{resource_type}/upload", "shape", _UPLOAD),
        Endpoint("POST", "/v1_1/{cloud}/{resource_type}/upload_chunked", "shape", _UPLOAD),
        Endpoint("POST", "/v1_1/{cloud}/{resource_type}/explicit", "shape", _UPLOAD),
        Endpoint("POST", "/v1_1/{cloud}/{resource_type}/destroy", "full", _UPLOAD),
        Endpoint("POST", "/v1_1/{cloud}/{resource_type}/rename", "full", _UPLOAD),
        Endpoint("POST", "/v1_1/{cloud}/{resource_type}/tags", "shape", _UPLOAD),
        Endpoint("POST", "/v1_1/{cloud}/{resource_type}/context", "full", _UPLOAD),
        Endpoint("GET", "/v1_1/{cloud}/ping", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/usage", "shape", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/usage/{date}", "shape", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/config", "full", _ADMIN),
        Endpoint("POST", "/v1_1/{cloud}/resources/search", "shape", _SEARCH),
        Endpoint("GET", "/v1_1/{cloud}/resources", "full", _ADMIN),
        Endpoint("DELETE", "/v1_1/{cloud}/resources", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/resources/by_asset_folder", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/resources/by_asset_ids", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/resources/{resource_type}", "shape", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/resources/{resource_type}/tags/{tag}", "full", _ADMIN),
        Endpoint("DELETE", "/v1_1/{cloud}/resources/{resource_type}/tags/{tag}", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/resources/{resource_type}/{type}", "shape", _ADMIN),
        Endpoint("DELETE", "/v1_1/{cloud}/resources/{resource_type}/{type}", "shape", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/resources/{resource_type}/{type}/{public_id:path}", "shape", _ADMIN),
        Endpoint("POST", "/v1_1/{cloud}/resources/{resource_type}/{type}/{public_id:path}", "shape", _ADMIN),
        Endpoint("DELETE", "/v1_1/{cloud}/derived_resources", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/tags/{resource_type}", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/folders", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/folders/{path:path}", "full", _ADMIN),
        Endpoint("POST", "/v1_1/{cloud}/folders/{path:path}", "full", _ADMIN),
        Endpoint("DELETE", "/v1_1/{cloud}/folders/{path:path}", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/metadata_fields", "full", _FIELDS),
        Endpoint("POST", "/v1_1/{cloud}/metadata_fields", "full", _FIELDS),
        Endpoint("PUT", "/v1_1/{cloud}/metadata_fields/order", "full", _FIELDS),
        Endpoint("POST", "/v1_1/{cloud}/metadata_fields/datasource/search", "full", _FIELDS),
        Endpoint("GET", "/v1_1/{cloud}/metadata_fields/{external_id}", "full", _FIELDS),
        Endpoint("PUT", "/v1_1/{cloud}/metadata_fields/{external_id}", "full", _FIELDS),
        Endpoint("DELETE", "/v1_1/{cloud}/metadata_fields/{external_id}", "full", _FIELDS),
        Endpoint("PUT", "/v1_1/{cloud}/metadata_fields/{external_id}/reorder", "full", _FIELDS),
        Endpoint("PUT", "/v1_1/{cloud}/metadata_fields/{external_id}/datasource", "full", _FIELDS),
        Endpoint("DELETE", "/v1_1/{cloud}/metadata_fields/{external_id}/datasource", "full", _FIELDS),
        Endpoint("POST", "/v1_1/{cloud}/metadata_fields/{external_id}/datasource_restore", "full", _FIELDS),
        Endpoint("POST", "/v1_1/{cloud}/metadata_fields/{external_id}/datasource/order", "full", _FIELDS),
        Endpoint("POST", "/v1_1/{cloud}/metadata_fields/{external_id}/datasource/search", "full", _FIELDS),
        Endpoint("GET", "/v1_1/{cloud}/metadata_rules", "full", _RULES),
        Endpoint("POST", "/v1_1/{cloud}/metadata_rules", "full", _RULES),
        Endpoint("PUT", "/v1_1/{cloud}/metadata_rules/{external_id}", "full", _RULES),
        Endpoint("DELETE", "/v1_1/{cloud}/metadata_rules/{external_id}", "full", _RULES),
        Endpoint("GET", "/v1_1/{cloud}/upload_presets", "full", _ADMIN),
        Endpoint("POST", "/v1_1/{cloud}/upload_presets", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/upload_presets/{name}", "full", _ADMIN),
        Endpoint("PUT", "/v1_1/{cloud}/upload_presets/{name}", "full", _ADMIN),
        Endpoint("DELETE", "/v1_1/{cloud}/upload_presets/{name}", "full", _ADMIN),
        Endpoint("GET", "/{cloud}/image/{type}/{path:path}", "shape", _DELIVERY),
        Endpoint("GET", "/{cloud}/raw/{type}/{path:path}", "full", _DELIVERY),
        Endpoint("GET", "/{cloud}/video/{type}/{path:path}", "shape", _DELIVERY),
    ),
)
