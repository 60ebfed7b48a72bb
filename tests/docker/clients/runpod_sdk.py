"""Runs a job by RunPod's own library and its own host, on a picture that lies at Cloudinary's."""

import json
import sys

import runpod

runpod.api_key = "rpa_staging_0000000000000000000000000000"
endpoint = runpod.Endpoint("staging-blip")
job = endpoint.run({"input": {"data_url": sys.argv[1]}})
output = job.output(timeout=30)
found_out = {"status": job.status(), "has_caption": bool(output)}
sys.stdout.write(json.dumps(found_out) + "\n")
