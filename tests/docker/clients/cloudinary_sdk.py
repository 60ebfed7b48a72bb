"""Uploads and delivers by Cloudinary's own library and its own hosts."""

import base64
import json
import sys

import cloudinary
import requests
from cloudinary import CloudinaryImage, api, uploader

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="

cloudinary.config(cloud_name="staging", api_key="111222333444555", api_secret="stagingSecret_AbC-123")
sent = uploader.upload(base64.b64decode(PIXEL), public_id="staging_clips/by-name")
built = CloudinaryImage("staging_clips/by-name.png").build_url(secure=True, width=4, crop="scale")
urls = [sent["url"], sent["secure_url"], built]
listed = api.resources(type="upload", prefix="staging_clips/by-name")["resources"]
found_out = {
    "urls": urls,
    "statuses": [requests.get(url, timeout=20).status_code for url in urls],
    "listed": [one["secure_url"] for one in listed],
}
sys.stdout.write(json.dumps(found_out) + "\n")
