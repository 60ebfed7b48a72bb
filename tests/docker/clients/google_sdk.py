"""Logs in, checks the id_token and uploads a video by Google's own libraries and their own hosts."""

# mypy: disallow-untyped-calls=False

import io
import json
import sys
from urllib.parse import parse_qs, urlsplit

import requests
from google.auth.transport.requests import Request
from google.oauth2 import id_token
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.http import MediaIoBaseUpload

CLIENT, SECRET = "staging.apps.googleusercontent.com", "google-staging-secret"
SCOPE = "openid email https://www.googleapis.com/auth/youtube.upload"

found = requests.get("https://accounts.google.com/.well-known/openid-configuration", timeout=20).json()
asked = {"client_id": CLIENT, "redirect_uri": sys.argv[1], "response_type": "code", "scope": SCOPE}
agreed = requests.get(
    found["authorization_endpoint"],
    params={**asked, "auto_approve": "1", "login_hint": "streamer_sam"},
    allow_redirects=False,
    timeout=20,
)
code = parse_qs(urlsplit(agreed.headers["location"]).query)["code"][0]
form = {"grant_type": "authorization_code", "code": code, "redirect_uri": sys.argv[1]}
tokens = requests.post(
    found["token_endpoint"], data={**form, "client_id": CLIENT, "client_secret": SECRET}, timeout=20
).json()
claims = id_token.verify_oauth2_token(tokens["id_token"], Request(), CLIENT)

youtube = build("youtube", "v3", credentials=Credentials(tokens["access_token"]))
media = MediaIoBaseUpload(io.BytesIO(b"v" * 300_000), "video/mp4", chunksize=262_144, resumable=True)
upload = youtube.videos().insert(
    part="snippet,status", body={"snippet": {"title": "By name"}}, media_body=media
)
video = None
while video is None:
    _, video = upload.next_chunk()
found_out = {
    "issuer": claims["iss"],
    "upload": upload.resumable_uri.split("?")[0],
    "title": video["snippet"]["title"],
    "thumbnail": video["snippet"]["thumbnails"]["default"]["url"].rsplit("/", 2)[0],
}
sys.stdout.write(json.dumps(found_out) + "\n")
