"use strict";
// Cloudinary's own Node SDK against the fake; where the two disagree, the fake is wrong.
// CLOUDINARY_URL names a cloud without restrictions; PICTURE (400 x 300) and CLIP (2 s, 320 x 180) are files.

const assert = require("node:assert/strict");
const { createServer } = require("node:http");
const { once } = require("node:events");
const { createReadStream, readFileSync, statSync, writeFileSync } = require("node:fs");
const { beforeEach, test } = require("node:test");
const { join } = require("node:path");
const cloudinary = require("cloudinary").v2;

const { api, uploader, url, utils } = cloudinary;
const { ORIGIN, PICTURE, CLIP, SCRATCH } = process.env;
const CNAME = new URL(ORIGIN).host;
const SECRET = cloudinary.config().api_secret;

beforeEach(async () => {
  const answer = await fetch(`${ORIGIN}/_fake/reset`, { method: "POST" });
  assert.equal(answer.status, 200);
});

const delivered = (publicId, options = {}) => url(publicId, { secure: false, cname: CNAME, urlAnalytics: false, ...options });
const refused = (status, pattern) => (thrown) => {
  const error = thrown.error ?? thrown;
  assert.equal(error.http_code, status, JSON.stringify(error));
  assert.match(error.message, pattern);
  return true;
};
const ids = (page) => page.resources.map((one) => one.public_id).sort();

// Uploading

test("a picture goes up, comes down and goes away", async () => {
  const sent = await uploader.upload(PICTURE, {
    public_id: "pictures/first",
    tags: ["b", "a"],
    context: { alt: "a|b=c", caption: "ä" },
    overwrite: true,
  });

  assert.equal(sent.public_id, "pictures/first");
  assert.deepEqual(sent.tags, ["a", "b"]);
  assert.deepEqual(sent.context, { custom: { alt: "a|b=c", caption: "ä" } });
  assert.deepEqual([sent.width, sent.height, sent.format, sent.resource_type], [400, 300, "png", "image"]);
  assert.equal(sent.original_filename, "picture");
  assert.ok(utils.verify_api_response_signature(sent.public_id, sent.version, sent.signature));
  const bytes = Buffer.from(await (await fetch(sent.url)).arrayBuffer());
  assert.deepEqual(bytes, readFileSync(PICTURE));
  assert.deepEqual(await uploader.destroy("pictures/first"), { result: "ok" });
  assert.deepEqual(await uploader.destroy("pictures/first"), { result: "not found" });
  assert.equal((await fetch(sent.url)).status, 404);
});

test("a video has its sound, frames and a playback address", async () => {
  const sent = await uploader.upload(CLIP, { resource_type: "video" });

  assert.equal(sent.resource_type, "video");
  assert.equal(sent.video.codec, "h264");
  assert.equal(sent.audio.codec, "aac");
  assert.equal(typeof sent.video.bit_rate, "string");
  assert.equal(sent.is_audio, false);
  assert.equal(Math.round(sent.duration), 2);
  assert.match(sent.public_id, /^[a-z0-9]{20}$/);
  assert.match(sent.playback_url, /\/video\/upload\/sp_auto\/v\d+\/.+\.m3u8$/);
});

test("a stream without a name and without a length goes up", async () => {
  const sent = await new Promise((resolve, reject) => {
    const stream = uploader.upload_stream({ public_id: "streamed" }, (error, result) =>
      error ? reject(error) : resolve(result),
    );
    createReadStream(PICTURE).pipe(stream);
  });

  assert.equal(sent.public_id, "streamed");
  assert.equal(sent.bytes, statSync(PICTURE).size);
});

test("a data URI goes up", async () => {
  const sent = await uploader.upload(`data:image/png;base64,${readFileSync(PICTURE, "base64")}`);

  assert.equal(sent.width, 400);
});

test("a text goes up as raw and keeps its extension", async () => {
  const path = join(SCRATCH, "words.txt");
  writeFileSync(path, "hello");

  const sent = await uploader.upload(path, { resource_type: "auto", use_filename: true, unique_filename: false });

  assert.deepEqual([sent.resource_type, sent.public_id, sent.format], ["raw", "words.txt", undefined]);
  assert.equal(await (await fetch(sent.url)).text(), "hello");
});

test("a large file goes up in parts", async () => {
  const path = join(SCRATCH, "large.bin");
  const bytes = Buffer.alloc(12_000_000, "clipnet");
  writeFileSync(path, bytes);

  const sent = await new Promise((resolve, reject) =>
    uploader.upload_large(path, { chunk_size: 5_500_000, public_id: "large.bin" }, (error, result) =>
      error ? reject(error) : resolve(result),
    ),
  );

  assert.deepEqual([sent.public_id, sent.resource_type, sent.bytes, sent.done], ["large.bin", "raw", bytes.length, true]);
  assert.deepEqual(Buffer.from(await (await fetch(sent.url)).arrayBuffer()), bytes);
});

test("a stream goes up in parts", async () => {
  const path = join(SCRATCH, "streamed.bin");
  writeFileSync(path, Buffer.alloc(11_000_000, "parts"));

  const sent = await new Promise((resolve, reject) => {
    const stream = uploader.upload_chunked_stream(
      { resource_type: "raw", chunk_size: 6_000_000, public_id: "streamed.bin" },
      (error, result) => (error ? reject(error) : resolve(result)),
    );
    createReadStream(path).pipe(stream);
  });

  assert.equal(sent.bytes, 11_000_000);
});

test("a wrong secret is refused in the words of the Upload API", async () => {
  await assert.rejects(uploader.upload(PICTURE, { api_secret: "wrong" }), refused(401, /^Invalid Signature [0-9a-f]{40}\. String to sign - '/));
});

test("a wrong secret is refused in the words of the Admin API", async () => {
  await assert.rejects(api.ping({ api_secret: "wrong" }), refused(401, /^api_secret mismatch$/));
});

test("a file that is no picture is refused", async () => {
  const path = join(SCRATCH, "not.png");
  writeFileSync(path, "not a picture");

  await assert.rejects(uploader.upload(path), refused(400, /^Invalid image file$/));
});

test("a format that is not allowed is refused", async () => {
  await assert.rejects(uploader.upload(PICTURE, { allowed_formats: ["jpg"] }), refused(400, /not allowed$/));
});

test("a picture is converted and changed on its way in", async () => {
  const sent = await uploader.upload(PICTURE, { format: "jpg", transformation: { width: 100, crop: "scale" } });

  assert.deepEqual([sent.format, sent.width, sent.height], ["jpg", 100, 75]);
});

test("eager transformations are made and found by the address that the SDK builds", async () => {
  const sent = await uploader.upload(PICTURE, {
    public_id: "eager",
    eager: [
      { width: 100, crop: "scale" },
      { width: 50, height: 50, crop: "fill", format: "jpg" },
    ],
  });

  assert.deepEqual(sent.eager.map((one) => [one.width, one.height, one.format]), [[100, 75, "png"], [50, 50, "jpg"]]);
  const built = delivered("eager", { width: 50, height: 50, crop: "fill", format: "jpg", version: sent.version });
  assert.equal(built, sent.eager[1].url);
  assert.equal((await fetch(built)).headers.get("content-type"), "image/jpeg");
  const detail = await api.resource("eager");
  assert.equal(detail.derived.length, 2);
});

test("eager transformations can be made later", async () => {
  const sent = await uploader.upload(PICTURE, { eager: [{ width: 60, crop: "scale" }], eager_async: true });

  assert.equal(sent.eager[0].status, "processing");
  assert.match(sent.batch_id, /^[0-9a-f]{64}$/);
});

test("colours, faces and the fingerprint are answered on request", async () => {
  const sent = await uploader.upload(PICTURE, { colors: true, faces: true, phash: true, image_metadata: true });

  assert.ok(Array.isArray(sent.colors[0]));
  assert.ok(Array.isArray(sent.faces));
  assert.match(sent.phash, /^[0-9a-f]{16}$/);
  assert.equal(typeof sent.image_metadata, "object");
});

test("an add-on that nobody subscribed to is refused", async () => {
  await assert.rejects(uploader.upload(PICTURE, { ocr: "adv_ocr" }), refused(420, /subscription/));
});

test("an upload without a signature needs a preset that allows it", async () => {
  await api.create_upload_preset({ name: "open", unsigned: true, folder: "inbox", tags: ["open"] });
  await api.create_upload_preset({ name: "closed", unsigned: false });

  const sent = await uploader.unsigned_upload(PICTURE, "open");

  assert.match(sent.public_id, /^inbox\/[a-z0-9]{20}$/);
  assert.deepEqual(sent.tags, ["open"]);
  await assert.rejects(uploader.unsigned_upload(PICTURE, "none"), refused(400, /^Upload preset not found$/));
  await assert.rejects(
    uploader.unsigned_upload(PICTURE, "closed"),
    refused(400, /^Upload preset must be whitelisted for unsigned uploads$/),
  );
  await assert.rejects(
    uploader.unsigned_upload(PICTURE, "open", { overwrite: true }),
    refused(400, /^Overwrite parameter is not allowed when using unsigned upload\./),
  );
});

// Changing

test("an asset is renamed, and not onto another", async () => {
  const first = await uploader.upload(PICTURE, { public_id: "one" });
  await uploader.upload(PICTURE, { public_id: "two" });

  await assert.rejects(uploader.rename("one", "two"), refused(400, /already exists/));
  await assert.rejects(uploader.rename("none", "three"), refused(404, /^Resource not found - none$/));
  const renamed = await uploader.rename("one", "two", { overwrite: true });

  assert.deepEqual([renamed.public_id, renamed.asset_id], ["two", first.asset_id]);
  assert.equal((await api.resources()).resources.length, 1);
});

test("tags and context change on many assets", async () => {
  for (const id of ["one", "two"]) await uploader.upload(PICTURE, { public_id: id, tags: ["old"] });

  assert.deepEqual((await uploader.add_tag("new", ["one", "two", "none"])).public_ids.sort(), ["one", "two"]);
  await uploader.remove_tag("old", ["one"]);
  await uploader.replace_tag("only", ["two"]);
  await uploader.add_context({ stage: "in=review" }, ["one"]);

  assert.deepEqual((await api.resource("one")).tags, ["new"]);
  assert.deepEqual((await api.resource("two")).tags, ["only"]);
  assert.deepEqual((await api.resource("one")).context, { custom: { stage: "in=review" } });
  await uploader.remove_all_context(["one"]);
  await uploader.remove_all_tags(["one", "two"]);
  assert.equal((await api.resource("one")).context, undefined);
  assert.deepEqual((await api.tags()).tags, []);
});

test("explicit changes an asset and makes its transformations", async () => {
  await uploader.upload(PICTURE, { public_id: "one" });

  const changed = await uploader.explicit("one", {
    type: "upload",
    tags: ["explicit"],
    eager: [{ width: 40, crop: "scale" }],
    face_coordinates: [[10, 20, 30, 40]],
  });

  assert.equal(changed.eager[0].width, 40);
  assert.deepEqual(changed.tags, ["explicit"]);
  assert.deepEqual((await api.resource("one", { coordinates: true })).coordinates.faces, [[10, 20, 30, 40]]);
  await assert.rejects(uploader.explicit("none", { type: "upload" }), refused(404, /^Resource not found - none$/));
});

test("an asset waits for moderation, and is found by its state", async () => {
  const sent = await uploader.upload(PICTURE, { public_id: "judged", moderation: "manual" });
  assert.deepEqual([sent.moderation[0].kind, sent.moderation[0].status], ["manual", "pending"]);

  await api.update("judged", { moderation_status: "approved" });

  assert.deepEqual(ids(await api.resources_by_moderation("manual", "approved")), ["judged"]);
  assert.deepEqual(ids(await api.resources_by_moderation("manual", "pending")), []);
});

// Made of many

test("an archive is a real zip, by upload and by address", async () => {
  for (const id of ["one", "two"]) await uploader.upload(PICTURE, { public_id: id, tags: ["pack"] });

  const made = await uploader.create_zip({ tags: ["pack"], target_public_id: "pack.zip" });
  const address = utils.download_zip_url({ tags: ["pack"] });

  assert.deepEqual([made.resource_type, made.resource_count, made.file_count], ["raw", 2, 2]);
  for (const from of [made.url, address]) {
    const answer = await fetch(from);
    assert.equal(answer.status, 200, await answer.clone().text());
    assert.equal(Buffer.from(await answer.arrayBuffer()).subarray(0, 2).toString(), "PK");
  }
});

test("a sprite names where each picture is", async () => {
  for (const id of ["one", "two"]) await uploader.upload(PICTURE, { public_id: id, tags: ["sprite"] });

  const sprite = await uploader.generate_sprite("sprite", { transformation: { width: 40, crop: "scale" } });

  assert.deepEqual(Object.keys(sprite.image_infos).sort(), ["one", "two"]);
  assert.deepEqual([sprite.image_infos.one.width, sprite.image_infos.one.height], [40, 30]);
  assert.equal((await fetch(sprite.image_url)).status, 200);
  assert.match(await (await fetch(sprite.css_url)).text(), /background/);
});

test("many pictures become one animation", async () => {
  for (const id of ["one", "two"]) await uploader.upload(PICTURE, { public_id: id, tags: ["frames"] });

  const made = await uploader.multi("frames", { transformation: { width: 40, crop: "scale" } });

  const answer = await fetch(made.url);
  assert.equal(answer.headers.get("content-type"), "image/gif");
});

test("a text becomes a picture", async () => {
  const made = await uploader.text("hello", { font_size: 40, font_color: "red", public_id: "hello_text" });

  assert.equal(made.type, "text");
  assert.ok(made.width > made.height);
});

test("a private download address works until it expires", async () => {
  await uploader.upload(PICTURE, { public_id: "secret", type: "private" });

  const good = utils.private_download_url("secret", "png", { type: "private", expires_at: utils.timestamp() + 60 });
  const late = utils.private_download_url("secret", "png", { type: "private", expires_at: utils.timestamp() - 60 });

  assert.equal((await fetch(good)).status, 200);
  assert.equal((await fetch(late)).status, 401);
});

// Admin API

test("ping, usage and configuration answer", async () => {
  assert.equal((await api.ping()).status, "ok");
  const usage = await api.usage();
  assert.equal(typeof usage.storage.usage, "number");
  assert.equal(usage.rate_limit_allowed, 500);
  assert.ok(usage.rate_limit_remaining < 500);
  assert.ok(usage.rate_limit_reset_at instanceof Date);
  assert.equal((await api.config({ settings: true })).settings.folder_mode, "dynamic");
  assert.deepEqual((await api.resource_types()).resource_types, ["image", "raw", "video"]);
});

test("assets are listed by every selector, page by page", async () => {
  const sent = [];
  for (const id of ["list/a", "list/b", "list/c"])
    sent.push(await uploader.upload(PICTURE, { public_id: id, tags: ["listed"], context: { kind: id }, asset_folder: "shelf" }));

  assert.deepEqual(ids(await api.resources({ type: "upload", prefix: "list/" })), ["list/a", "list/b", "list/c"]);
  assert.deepEqual(ids(await api.resources_by_tag("listed")), ["list/a", "list/b", "list/c"]);
  assert.deepEqual(ids(await api.resources_by_context("kind")), ["list/a", "list/b", "list/c"]);
  assert.deepEqual(ids(await api.resources_by_context("kind", "list/b")), ["list/b"]);
  assert.deepEqual(ids(await api.resources_by_ids(["list/a", "none"])), ["list/a"]);
  assert.deepEqual(ids(await api.resources_by_asset_ids([sent[2].asset_id])), ["list/c"]);
  assert.deepEqual(ids(await api.resources_by_asset_folder("shelf")), ["list/a", "list/b", "list/c"]);
  assert.equal((await api.resource_by_asset_id(sent[0].asset_id)).public_id, "list/a");
  const seen = [];
  let cursor;
  do {
    const page = await api.resources({ max_results: 1, next_cursor: cursor });
    seen.push(...ids(page));
    cursor = page.next_cursor;
  } while (cursor);
  assert.deepEqual(seen.sort(), ["list/a", "list/b", "list/c"]);
  await assert.rejects(api.resources({ next_cursor: "nonsense" }), refused(400, /^Invalid value for parameter next_cursor$/));
  await assert.rejects(api.resource("none"), refused(404, /^Resource not found - none$/));
});

test("assets are deleted by every selector", async () => {
  for (const id of ["x/a", "x/b", "y/a", "y/b", "z"]) await uploader.upload(PICTURE, { public_id: id, tags: [id[0]] });

  const one = await api.delete_resources(["z", "none"]);
  assert.deepEqual(one.deleted, { z: "deleted", none: "not_found" });
  assert.deepEqual((await api.delete_resources_by_prefix("x/")).deleted, { "x/a": "deleted", "x/b": "deleted" });
  assert.deepEqual((await api.delete_resources_by_tag("y")).deleted, { "y/a": "deleted", "y/b": "deleted" });
  assert.deepEqual((await api.delete_all_resources()).deleted, {});
});

test("an asset comes back from its backup", async () => {
  await uploader.upload(PICTURE, { public_id: "kept", backup: true });
  await uploader.upload(PICTURE, { public_id: "lost" });
  await api.delete_resources(["kept", "lost"]);

  const restored = await api.restore(["kept", "lost"]);

  assert.equal(restored.kept.bytes, statSync(PICTURE).size);
  assert.equal(restored.lost.error, "no_backup");
  assert.equal((await api.resource("kept")).bytes, statSync(PICTURE).size);
});

test("derived assets are deleted, and one of them by its transformation", async () => {
  await uploader.upload(PICTURE, { public_id: "one", eager: [{ width: 10, crop: "scale" }, { width: 20, crop: "scale" }] });
  const before = (await api.resource("one")).derived;

  await api.delete_derived_resources(before[0].id);
  assert.equal((await api.resource("one")).derived.length, 1);
  await api.delete_derived_by_transformation("one", { width: 20, crop: "scale" }, {});
  assert.deepEqual((await api.resource("one")).derived, []);
});

test("transformations are named, allowed, used and deleted", async () => {
  await api.create_transformation("small", { width: 33, crop: "scale" });
  await uploader.upload(PICTURE, { public_id: "one", eager: [{ transformation: "small" }] });

  const seen = await api.transformation("small");
  assert.deepEqual([seen.named, seen.used, seen.info[0].width], [true, true, 33]);
  assert.equal((await fetch(delivered("one", { transformation: "small" }))).status, 200);
  await api.update_transformation("small", { allowed_for_strict: true });
  assert.equal((await api.transformation("small")).allowed_for_strict, true);
  await assert.rejects(api.create_transformation("small", { width: 1, crop: "scale" }), refused(409, /already exists/));
  assert.equal((await api.delete_transformation("small")).message, "deleted");
  await assert.rejects(api.transformation("small"), refused(404, /./));
});

test("upload presets are made, changed and deleted", async () => {
  await api.create_upload_preset({ name: "p1", unsigned: true, tags: "a,b", allowed_formats: ["png"] });
  await api.update_upload_preset("p1", { unsigned: false, live: true });

  const preset = await api.upload_preset("p1");

  assert.equal(preset.unsigned, false);
  assert.equal(preset.name, "p1");
  assert.ok((await api.upload_presets()).presets.some((one) => one.name === "p1"));
  assert.equal((await api.delete_upload_preset("p1")).message, "deleted");
  await assert.rejects(api.upload_preset("p1"), refused(404, /./));
});

test("upload mappings are made, changed and deleted", async () => {
  await api.create_upload_mapping("wiki", { template: "https://wiki.example/" });
  await api.update_upload_mapping("wiki", { template: "https://other.example/" });

  assert.equal((await api.upload_mapping("wiki")).template, "https://other.example/");
  assert.ok((await api.upload_mappings()).mappings.some((one) => one.folder === "wiki"));
  await api.delete_upload_mapping("wiki");
  await assert.rejects(api.upload_mapping("wiki"), refused(404, /./));
});

test("streaming profiles are predefined and can be made", async () => {
  await api.create_streaming_profile("mine", {
    representations: [{ transformation: { crop: "limit", width: 160, height: 90, bit_rate: "200k" } }],
  });

  const names = (await api.list_streaming_profiles()).data.map((one) => one.name);
  assert.ok(["4k", "full_hd", "hd", "sd", "mine"].every((name) => names.includes(name)), names.join());
  assert.equal((await api.get_streaming_profile("mine")).data.representations.length, 1);
  await api.delete_streaming_profile("mine");
  await assert.rejects(api.get_streaming_profile("mine"), refused(404, /./));
});

test("folders are made, listed, renamed and deleted", async () => {
  await api.create_folder("top/below");
  assert.deepEqual((await api.root_folders()).folders.map((one) => one.path), ["top"]);
  assert.deepEqual((await api.sub_folders("top")).folders.map((one) => one.name), ["below"]);

  await api.rename_folder("top/below", "top/renamed");

  assert.deepEqual((await api.sub_folders("top")).folders.map((one) => one.path), ["top/renamed"]);
  assert.deepEqual((await api.delete_folder("top/renamed")).deleted, ["top/renamed"]);
  await assert.rejects(api.sub_folders("none"), refused(404, /^Can't find folder with path none$/));
});

test("structured metadata is defined, checked and kept", async () => {
  await api.add_metadata_field({ external_id: "rating", label: "Rating", type: "integer", validation: { type: "less_than", equals: true, value: 5 } });
  await api.add_metadata_field({
    external_id: "stage",
    label: "Stage",
    type: "enum",
    datasource: { values: [{ external_id: "new", value: "New" }, { external_id: "done", value: "Done" }] },
  });

  const sent = await uploader.upload(PICTURE, { public_id: "meta", metadata: { rating: 4, stage: "new" } });

  assert.deepEqual(sent.metadata, { rating: 4, stage: "new" });
  await assert.rejects(uploader.upload(PICTURE, { metadata: { nothing: 1 } }), refused(400, /Metadata External IDs do not exist/));
  await assert.rejects(uploader.upload(PICTURE, { metadata: { rating: 6 } }), refused(400, /./));
  assert.deepEqual((await uploader.update_metadata({ stage: "done" }, ["meta"])).public_ids, ["meta"]);
  assert.equal((await api.resource("meta")).metadata.stage, "done");
  await api.delete_datasource_entries("stage", ["new"]);
  await api.restore_metadata_field_datasource("stage", ["new"]);
  assert.equal((await api.metadata_field_by_field_id("stage")).datasource.values.length, 2);
  assert.equal((await api.list_metadata_fields()).metadata_fields.length, 2);
  assert.equal((await api.delete_metadata_field("rating")).message, "ok");
});

test("assets are related to each other, and not any more", async () => {
  for (const id of ["one", "two"]) await uploader.upload(PICTURE, { public_id: id });

  const made = await api.add_related_assets("one", ["image/upload/two"]);
  assert.equal(made.success[0].asset, "image/upload/two");
  assert.equal((await api.resource("one", { related: true })).related_assets[0].public_id, "two");
  await api.delete_related_assets("one", ["image/upload/two"]);
  assert.deepEqual((await api.resource("one", { related: true })).related_assets ?? [], []);
});

test("assets are found by expressions, at once", async () => {
  await uploader.upload(PICTURE, { public_id: "cats/tom", tags: ["cat", "grey"], context: { mood: "calm" } });
  await uploader.upload(PICTURE, { public_id: "dogs/rex", tags: ["dog"] });
  await uploader.upload(CLIP, { public_id: "cats/film", resource_type: "video", tags: ["cat"] });

  const search = (text) => cloudinary.search.expression(text).sort_by("public_id", "asc").execute();

  assert.deepEqual(ids(await search("tags=cat")), ["cats/film", "cats/tom"]);
  assert.deepEqual(ids(await search("resource_type:image AND (tags:cat OR tags:dog)")), ["cats/tom", "dogs/rex"]);
  assert.deepEqual(ids(await search("public_id:cats/* AND NOT resource_type:video")), ["cats/tom"]);
  assert.deepEqual(ids(await search("context.mood=calm")), ["cats/tom"]);
  assert.deepEqual(ids(await search("bytes>1b AND width:[300 TO 500]")), ["cats/film", "cats/tom", "dogs/rex"]);
  const counted = await cloudinary.search.expression("").aggregate("resource_type").with_field("tags").max_results(1).execute();
  assert.deepEqual(counted.aggregations.resource_type, { image: 2, video: 1 });
  assert.deepEqual([counted.total_count, counted.resources.length], [3, 1]);
  assert.ok(counted.next_cursor);
  await assert.rejects(search("tags:"), refused(400, /^Query Error \(at position \d+\)$/));
});

test("a signed search address answers without a key", async () => {
  await uploader.upload(PICTURE, { public_id: "one", tags: ["clip"] });
  const signed = cloudinary.search.expression("tags=clip").max_results(10).to_url(300, null);
  const address = signed.replace(/^https?:\/\/[^/]+/, ORIGIN);

  const answer = await fetch(address);

  assert.equal(answer.status, 200, address);
  assert.equal((await answer.json()).total_count, 1);
});

test("folders are searched", async () => {
  await api.create_folder("reports/2026");

  const found = await cloudinary.search_folders.expression("name=2026").execute();

  assert.deepEqual(found.folders.map((one) => one.path), ["reports/2026"]);
});

test("an OAuth token stands for a key", async () => {
  await assert.rejects(api.ping({ oauth_token: "nobody's" }), refused(401, /./));
  assert.equal((await api.ping({ oauth_token: "sdk-oauth-token" })).status, "ok");
});

// Delivery

test("addresses that the SDK builds deliver what they say", async () => {
  await uploader.upload(PICTURE, { public_id: "built/one" });
  await uploader.upload(PICTURE, { public_id: "logo" });
  await uploader.upload(CLIP, { public_id: "built/film", resource_type: "video" });
  const pictures = [
    { transformation: [{ width: 200, height: 200, crop: "fill", gravity: "auto" }, { radius: "max" }, { effect: "sepia:50" }] },
    { width: 0.5, crop: "scale", quality: "auto", fetch_format: "auto" },
    { transformation: [{ if: "w_gt_300" }, { width: 100, crop: "scale" }, { if: "end" }] },
    { transformation: [{ variables: [["$size", 80]] }, { width: "$size", crop: "scale" }] },
    { overlay: { font_family: "Arial", font_size: 40, text: "hello, world/ok" }, color: "white", gravity: "south" },
    { transformation: [{ overlay: "logo" }, { width: 60, crop: "scale" }, { flags: "layer_apply", gravity: "north_east", x: 5, y: 5 }] },
    { border: "4px_solid_red", background: "blue", width: 500, height: 500, crop: "pad" },
    { angle: 45, effect: "grayscale", format: "webp" },
    { sign_url: true, width: 90, crop: "scale" },
  ];
  const films = [
    { width: 160, crop: "scale", start_offset: 0.5, duration: 1, format: "mp4" },
    { start_offset: 1, format: "jpg" },
    { format: "mp3" },
    { transformation: [{ overlay: { font_family: "Arial", font_size: 20, text: "hi" }, gravity: "north" }], format: "mp4" },
    { effect: "accelerate:100", format: "webm" },
  ];

  for (const [id, options] of [
    ...pictures.map((one) => ["built/one", one]),
    ...films.map((one) => ["built/film", { resource_type: "video", ...one }]),
  ]) {
    const address = delivered(id, options);
    const answer = await fetch(address);
    assert.equal(answer.status, 200, `${address}: ${answer.headers.get("x-cld-error")}`);
    assert.ok((await answer.arrayBuffer()).byteLength > 100, address);
  }
});

test("an authenticated asset needs its signature", async () => {
  await uploader.upload(PICTURE, { public_id: "locked", type: "authenticated" });

  assert.equal((await fetch(delivered("locked", { type: "authenticated" }))).status, 401);
  assert.equal((await fetch(delivered("locked", { type: "authenticated", sign_url: true }))).status, 200);
  assert.equal((await fetch(delivered("locked", { type: "authenticated", sign_url: true, long_url_signature: true }))).status, 200);
});

test("what is not understood is an error, never the original", async () => {
  await uploader.upload(PICTURE, { public_id: "one" });

  const answer = await fetch(delivered("one", { raw_transformation: "w_abc" }));

  assert.equal(answer.status, 400);
  assert.equal(answer.headers.get("x-cld-error"), "Invalid width in transformation: abc");
  assert.equal(await answer.text(), "");
});

test("a video plays as HLS from its playback address", async () => {
  const sent = await uploader.upload(CLIP, { resource_type: "video", public_id: "hls" });

  const master = await (await fetch(sent.playback_url)).text();

  assert.match(master, /^#EXTM3U/);
  const variant = master.split("\n").find((line) => line && !line.startsWith("#"));
  const playlist = await (await fetch(new URL(variant, sent.playback_url))).text();
  const segment = playlist.split("\n").find((line) => line && !line.startsWith("#"));
  assert.equal((await fetch(new URL(segment, new URL(variant, sent.playback_url)))).status, 200);
});

// Notifications

test("a notification is signed so that the SDK believes it", async () => {
  const received = [];
  const receiver = createServer(async (request, answer) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    received.push([body, request.headers]);
    answer.end("ok");
    receiver.emit("told");
  }).listen(0, "127.0.0.1");
  await once(receiver, "listening");

  const told = once(receiver, "told");
  await uploader.upload(PICTURE, { public_id: "told", notification_url: `http://127.0.0.1:${receiver.address().port}/hook?a=1&b=2` });
  await told;
  receiver.close();

  const [body, headers] = received[0];
  assert.equal(JSON.parse(body).notification_type, "upload");
  assert.ok(utils.verifyNotificationSignature(body, Number(headers["x-cld-timestamp"]), headers["x-cld-signature"]));
  assert.equal(utils.webhook_signature(body, headers["x-cld-timestamp"], { api_secret: SECRET }), headers["x-cld-signature"]);
});
