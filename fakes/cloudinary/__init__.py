"""Cloudinary: Upload API and Admin API (api.cloudinary.com) and delivery (res.cloudinary.com) on one port.

Not covered: add-ons, the search for what pictures show, generated pictures, provisioning.
"""

from fakes.kit.fake import Endpoint, Fake, Host

_UPLOAD = "cloudinary.com/documentation/image_upload_api_reference"
_ADMIN = "cloudinary.com/documentation/admin_api"
_FIELDS = "cloudinary.com/documentation/admin_api#metadata_fields"
_RULES = "cloudinary.com/documentation/conditional_metadata_rules_api"
_SEARCH = "cloudinary.com/documentation/search_api"
_NOTIFICATIONS = "cloudinary.com/documentation/notifications"
_ANALYSIS = "cloudinary.com/documentation/analyze_api_guide"
_LISTS = "cloudinary.com/documentation/list_assets"
_DELIVERY = "cloudinary.com/documentation/advanced_url_delivery_options"
_PROVISIONING = "cloudinary.com/documentation/provisioning_api"
_OAS = "github.com/cloudinary/asset-management-js, which is generated from Cloudinary's OpenAPI document"
_NODE_SDK = "github.com/cloudinary/cloudinary_npm"
_ACCOUNT = "/v1_1/provisioning/accounts/{account_id}"
_OF_ACCOUNTS = (
    *(("POST", f"/v1_1/provisioning/{path}") for path in ("clouds", "agents/accounts")),
    *(
        (method, f"{_ACCOUNT}/{kind}")
        for method in ("GET", "POST")
        for kind in ("sub_accounts", "users", "user_groups")
    ),
    *(
        (method, f"{_ACCOUNT}/{kind}/{{id}}")
        for method in ("GET", "PUT", "DELETE")
        for kind in ("sub_accounts", "users", "user_groups")
    ),
    ("GET", f"{_ACCOUNT}/users/{{id}}/groups"),
    ("GET", f"{_ACCOUNT}/user_groups/{{id}}/users"),
    *((method, f"{_ACCOUNT}/user_groups/{{id}}/users/{{user_id}}") for method in ("POST", "DELETE")),
    *((method, f"{_ACCOUNT}/sub_accounts/{{id}}/access_keys") for method in ("GET", "POST", "DELETE")),
    ("PUT", f"{_ACCOUNT}/sub_accounts/{{id}}/access_keys/{{api_key}}"),
)
"""The Provisioning API: method and path. Clouds and their keys are made on the control surface instead."""
_NOT_HERE = (
    ("POST", "/v1_1/{cloud}/upload"),
    ("POST", "/v1_1/{cloud}/eval"),
    ("GET", "/v1_1/{cloud}/asset/download"),
    ("POST", "/v1_1/{cloud}/video/concat"),
    ("GET", "/v1_1/{cloud}/video/analytics/views"),
    ("GET", "/v1_1/{cloud}/resources/by_external_ids"),
    ("GET", "/v1_1/{cloud}/resources/by_container_id/{container_id}"),
    *(
        (method, "/v1_1/{cloud}/resources/related_complementary_assets/{asset_id}")
        for method in ("POST", "DELETE")
    ),
    ("DELETE", "/v1_1/{cloud}/derived_resources/invalidate_by_urls"),
    *(("PUT", f"/v1_1/{{cloud}}/folders/{name}") for name in ("by_id", "by_path", "descendants")),
    ("PUT", "/v1_1/{cloud}/folder_operations/rename"),
    *((method, "/v1_1/{cloud}/folder_operations/invite/{folder_id}") for method in ("GET", "POST")),
    *((method, "/v1_1/{cloud}/operations/initial_backup") for method in ("GET", "POST")),
    ("GET", "/v1_1/{cloud}/operations/initial_backup/{id}"),
    ("GET", "/v1_1/{cloud}/people"),
    *((method, "/v1_1/{cloud}/people/{person_id}") for method in ("GET", "PUT")),
    ("GET", "/v2/{cloud}/analysis/tasks/{task_id}"),
    *(("POST", f"/v2/generate/{{cloud}}/{kind}") for kind in ("text_to_image", "image_to_image")),
    ("GET", "/v2/generate/{cloud}/tasks/{task_id}"),
)
"""What the real APIs have besides: method and path. Nothing here answers them but with 501."""

FAKE = Fake(
    name="cloudinary",
    title="Cloudinary",
    hosts=(
        Host("api.cloudinary.com", ("/v1_1", "/v2")),
        Host("res.cloudinary.com", answers_http=True),
        Host("staging-res.cloudinary.com", answers_http=True),
    ),
    port=8410,
    coverage=(
        Endpoint("POST", "/v1_1/{cloud}/{resource_type}/upload", "full", _UPLOAD),
        Endpoint("POST", "/v1_1/{cloud}/{resource_type}/upload_chunked", "full", _UPLOAD),
        Endpoint("POST", "/v1_1/{cloud}/{resource_type}/explicit", "full", _UPLOAD),
        Endpoint("POST", "/v1_1/{cloud}/asset/destroy", "full", _OAS),
        Endpoint("POST", "/v1_1/{cloud}/{resource_type}/destroy", "full", _UPLOAD),
        Endpoint("POST", "/v1_1/{cloud}/{resource_type}/rename", "full", _UPLOAD),
        Endpoint("POST", "/v1_1/{cloud}/{resource_type}/tags", "full", _UPLOAD),
        Endpoint("POST", "/v1_1/{cloud}/{resource_type}/context", "full", _UPLOAD),
        Endpoint("POST", "/v1_1/{cloud}/{resource_type}/metadata", "full", _UPLOAD),
        Endpoint("POST", "/v1_1/{cloud}/{resource_type}/delete_by_token", "full", _UPLOAD),
        Endpoint("POST", "/v1_1/{cloud}/{resource_type}/create_slideshow", "shape", _UPLOAD),
        Endpoint("POST", "/v1_1/{cloud}/{resource_type}/generate_archive", "full", _UPLOAD),
        Endpoint("GET", "/v1_1/{cloud}/{resource_type}/generate_archive", "full", _UPLOAD),
        Endpoint("POST", "/v1_1/{cloud}/{resource_type}/multi", "full", _UPLOAD),
        Endpoint("GET", "/v1_1/{cloud}/{resource_type}/multi", "full", _UPLOAD),
        Endpoint("POST", "/v1_1/{cloud}/{resource_type}/sprite", "full", _UPLOAD),
        Endpoint("GET", "/v1_1/{cloud}/{resource_type}/sprite", "full", _UPLOAD),
        Endpoint("POST", "/v1_1/{cloud}/{resource_type}/text", "full", _UPLOAD),
        Endpoint("POST", "/v1_1/{cloud}/{resource_type}/explode", "full", _UPLOAD),
        Endpoint("GET", "/v1_1/{cloud}/{resource_type}/download_tag.zip", "full", _UPLOAD),
        Endpoint("GET", "/v1_1/{cloud}/{resource_type}/download", "full", _UPLOAD),
        Endpoint("GET", "/v1_1/{cloud}/download_backup", "full", _UPLOAD),
        Endpoint("POST", "/v1_1/{cloud}/delete_by_token", "full", _UPLOAD),
        Endpoint("GET", "/v2/notifications/{cloud}/messages", "full", _NOTIFICATIONS),
        Endpoint("POST", "/v2/notifications/{cloud}/messages/ack", "full", _NOTIFICATIONS),
        Endpoint("GET", "/v1_1/{cloud}/ping", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/usage", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/usage/{date}", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/config", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/resources/search", "full", _SEARCH),
        Endpoint("POST", "/v1_1/{cloud}/resources/search", "full", _SEARCH),
        Endpoint("GET", "/v1_1/{cloud}/folders/search", "full", _SEARCH),
        Endpoint("POST", "/v1_1/{cloud}/folders/search", "full", _SEARCH),
        Endpoint("GET", "/v1_1/{cloud}/resources", "full", _ADMIN),
        Endpoint("DELETE", "/v1_1/{cloud}/resources", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/resources/by_asset_folder", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/resources/by_asset_ids", "full", _ADMIN),
        Endpoint("POST", "/v1_1/{cloud}/resources/get_resource", "full", _OAS),
        Endpoint("POST", "/v1_1/{cloud}/resources/update", "full", _OAS),
        Endpoint("POST", "/v1_1/{cloud}/resources/restore", "full", _ADMIN),
        Endpoint("DELETE", "/v1_1/{cloud}/resources/backup/{asset_id}", "full", _ADMIN),
        Endpoint("POST", "/v1_1/{cloud}/resources/related_assets/{asset_id}", "full", _ADMIN),
        Endpoint("DELETE", "/v1_1/{cloud}/resources/related_assets/{asset_id}", "full", _ADMIN),
        Endpoint(
            "POST",
            "/v1_1/{cloud}/resources/related_assets/{resource_type}/{type}/{public_id:path}",
            "full",
            _ADMIN,
        ),
        Endpoint(
            "DELETE",
            "/v1_1/{cloud}/resources/related_assets/{resource_type}/{type}/{public_id:path}",
            "full",
            _ADMIN,
        ),
        Endpoint("GET", "/v1_1/{cloud}/resources/{resource_type}", "full", _ADMIN),
        Endpoint("PUT", "/v1_1/{cloud}/resources/{asset_id}", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/resources/{resource_type}/context", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/resources/{resource_type}/tags/{tag:path}", "full", _ADMIN),
        Endpoint("DELETE", "/v1_1/{cloud}/resources/{resource_type}/tags/{tag:path}", "full", _ADMIN),
        Endpoint(
            "GET", "/v1_1/{cloud}/resources/{resource_type}/moderations/{kind}/{status}", "full", _ADMIN
        ),
        Endpoint("POST", "/v1_1/{cloud}/resources/{resource_type}/publish_resources", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/resources/{resource_type}/{type}", "full", _ADMIN),
        Endpoint("DELETE", "/v1_1/{cloud}/resources/{resource_type}/{type}", "full", _ADMIN),
        Endpoint("POST", "/v1_1/{cloud}/resources/{resource_type}/{type}/restore", "full", _ADMIN),
        Endpoint("POST", "/v1_1/{cloud}/resources/{resource_type}/{type}/update_access_mode", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/resources/{resource_type}/{type}/{public_id:path}", "full", _ADMIN),
        Endpoint("POST", "/v1_1/{cloud}/resources/{resource_type}/{type}/{public_id:path}", "full", _ADMIN),
        Endpoint("PUT", "/v1_1/{cloud}/resources/{resource_type}/{type}/{public_id:path}", "full", _ADMIN),
        Endpoint("DELETE", "/v1_1/{cloud}/derived_resources", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/tags/{resource_type}", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/folders", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/folders/{path:path}", "full", _ADMIN),
        Endpoint("POST", "/v1_1/{cloud}/folders/{path:path}", "full", _ADMIN),
        Endpoint("PUT", "/v1_1/{cloud}/folders/{path:path}", "full", _ADMIN),
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
        Endpoint("GET", "/v1_1/{cloud}/transformations", "full", _ADMIN),
        Endpoint("POST", "/v1_1/{cloud}/transformations", "full", _ADMIN),
        Endpoint("PUT", "/v1_1/{cloud}/transformations", "full", _ADMIN),
        Endpoint("DELETE", "/v1_1/{cloud}/transformations", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/transformations/{transformation:path}", "full", _ADMIN),
        Endpoint("POST", "/v1_1/{cloud}/transformations/{transformation:path}", "full", _ADMIN),
        Endpoint("PUT", "/v1_1/{cloud}/transformations/{transformation:path}", "full", _ADMIN),
        Endpoint("DELETE", "/v1_1/{cloud}/transformations/{transformation:path}", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/upload_mappings", "full", _ADMIN),
        Endpoint("POST", "/v1_1/{cloud}/upload_mappings", "full", _ADMIN),
        Endpoint("PUT", "/v1_1/{cloud}/upload_mappings", "full", _ADMIN),
        Endpoint("DELETE", "/v1_1/{cloud}/upload_mappings", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/streaming_profiles", "full", _ADMIN),
        Endpoint("POST", "/v1_1/{cloud}/streaming_profiles", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/streaming_profiles/{name}", "full", _ADMIN),
        Endpoint("PUT", "/v1_1/{cloud}/streaming_profiles/{name}", "full", _ADMIN),
        Endpoint("DELETE", "/v1_1/{cloud}/streaming_profiles/{name}", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/triggers", "full", _ADMIN),
        Endpoint("POST", "/v1_1/{cloud}/triggers", "full", _ADMIN),
        Endpoint("PUT", "/v1_1/{cloud}/triggers/{id}", "full", _ADMIN),
        Endpoint("DELETE", "/v1_1/{cloud}/triggers/{id}", "full", _ADMIN),
        Endpoint("POST", "/v1_1/{cloud}/triggers/{id}/test", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/upload_presets", "full", _ADMIN),
        Endpoint("POST", "/v1_1/{cloud}/upload_presets", "full", _ADMIN),
        Endpoint("GET", "/v1_1/{cloud}/upload_presets/{name}", "full", _ADMIN),
        Endpoint("PUT", "/v1_1/{cloud}/upload_presets/{name}", "full", _ADMIN),
        Endpoint("DELETE", "/v1_1/{cloud}/upload_presets/{name}", "full", _ADMIN),
        Endpoint("GET", "/{cloud}/{path:path}", "full", _DELIVERY),
        Endpoint("OPTIONS", "/{cloud}/{path:path}", "full", _DELIVERY),
        Endpoint("POST", "/v2/{cloud}/analysis/analyze/{input_type}", "shape", _ANALYSIS),
        Endpoint("OPTIONS", "/v1_1/{cloud}/{path:path}", "full", _UPLOAD),
        Endpoint("GET", "/{cloud}/any/list/{path:path}", "full", _LISTS),
        Endpoint("GET", "/{cloud}/authenticated_images/{path:path}", "full", _DELIVERY),
        Endpoint("GET", "/{cloud}/authenticated_videos/{path:path}", "full", _DELIVERY),
        Endpoint("GET", "/{cloud}/files/{path:path}", "full", _DELIVERY),
        Endpoint("GET", "/{cloud}/image/{type}/{path:path}", "full", _DELIVERY),
        Endpoint("GET", "/{cloud}/images/{path:path}", "full", _DELIVERY),
        Endpoint("GET", "/{cloud}/iu/{path:path}", "full", _DELIVERY),
        Endpoint("GET", "/{cloud}/private_images/{path:path}", "full", _DELIVERY),
        Endpoint("GET", "/{cloud}/search/{signature}/{ttl}/{query}", "full", _SEARCH),
        Endpoint("GET", "/{cloud}/search/{signature}/{ttl}/{query}/{next_cursor}", "full", _SEARCH),
        Endpoint("GET", "/search/{signature}/{ttl}/{query}", "full", _SEARCH),
        Endpoint("GET", "/search/{signature}/{ttl}/{query}/{next_cursor}", "full", _SEARCH),
        Endpoint("GET", "/{cloud}/raw/{type}/{path:path}", "full", _DELIVERY),
        Endpoint("GET", "/{cloud}/video/{type}/{path:path}", "full", _DELIVERY),
        Endpoint("GET", "/{cloud}/videos/{path:path}", "full", _DELIVERY),
        Endpoint("GET", "/v1_1/{cloud}/resources/visual_search", "absent", _SEARCH),
        Endpoint("POST", "/v1_1/{cloud}/resources/visual_search", "absent", _SEARCH),
        Endpoint("GET", "/v1_1/{cloud}/initial_backup", "absent", _ADMIN),
        Endpoint("POST", "/v1_1/{cloud}/initial_backup", "absent", _ADMIN),
        *(Endpoint(method, path, "absent", _PROVISIONING) for method, path in _OF_ACCOUNTS),
        *(Endpoint(method, path, "absent", _OAS) for method, path in _NOT_HERE),
        Endpoint("POST", "/v2/processing/{cloud}/generate/image", "absent", _NODE_SDK),
    ),
)
