"""Cloudinary's own Node SDK against the fake: as its own specs expect of the real service."""

from __future__ import annotations

import base64

from tests.fakes.cloudinary.conftest import image
from tests.sdk.cloudinary.conftest import Run

OTHER = "data:image/png;base64," + base64.b64encode(image(41, 30)).decode()


def test_assets_are_listed_described_and_deleted(node: Run) -> None:
    result = node("""
      await up('a', { tags: ['t', 'u'], context: 'key=value', eager: [{ width: 10, crop: 'scale' }] });
      await up('b', { tags: ['t'], context: 'key=other' });
      const page = await api.resources({ type: 'upload', max_results: 1 });
      const rest = await api.resources({ type: 'upload', max_results: 1, next_cursor: page.next_cursor });
      const detail = await api.resource('a', { colors: true, cinemagraph_analysis: true });
      const listed = {
        pages: [...names(page), ...names(rest)],
        byTag: names(await api.resources_by_tag('t', { tags: true, context: true })),
        byContext: names(await api.resources_by_context('key', 'value')),
        byIds: names(await api.resources_by_ids(['a', 'b'])),
        byAssetIds: names(await api.resources_by_asset_ids([detail.asset_id])),
        byFolder: names(await api.resources_by_asset_folder('')),
        since: names(await api.resources({ type: 'upload', start_at: new Date(0), direction: 'asc' })),
      };
      const deletion = await api.delete_resources(['a', 'none']);
      const gone = await fails(api.resource('a'));
      return { page, listed, detail, deletion, gone };
    """)

    assert {name: sorted(ids) for name, ids in result["listed"].items()} == {
        **{key: ["a", "b"] for key in ("pages", "byTag", "byIds", "byFolder", "since")},
        **{key: ["a"] for key in ("byContext", "byAssetIds")},
    }
    assert (result["detail"]["tags"], len(result["detail"]["derived"])) == (["t", "u"], 1)
    assert result["detail"]["cinemagraph_analysis"]["cinemagraph_score"] >= 0
    assert result["deletion"]["deleted"] == {"a": "deleted", "none": "not_found"}
    assert (result["gone"]["http_code"], result["gone"]["message"]) == (404, "Resource not found - a")
    page = result["page"]
    assert (page["rate_limit_allowed"], page["rate_limit_remaining"]) == (500, 499)
    assert page["rate_limit_reset_at"].endswith(":00:00.000Z")


def test_derived_assets_are_deleted_by_transformation(node: Run) -> None:
    left = node("""
      const one = { width: 10, crop: 'scale' }, two = { width: 20, crop: 'scale' };
      await up('a', { eager: [one, two] });
      await up('b', { eager: [one] });
      await api.delete_derived_by_transformation(['a', 'b'], [one]);
      const kept = (await api.resource('a')).derived;
      await api.delete_derived_resources(kept[0].id);
      const counts = [];
      for (const id of ['a', 'b']) counts.push((await api.resource(id)).derived.length);
      return [kept.map((item) => item.transformation), counts];
    """)

    assert left == [["c_scale,w_20"], [0, 0]]


def test_versions_are_restored(node: Run) -> None:
    result = node(f"""
      const first = await up('r', {{ backup: true }});
      await api.delete_resources(['r']);
      const second = await uploader.upload('{OTHER}', {{ public_id: 'r', backup: true }});
      await api.delete_resources(['r']);
      const gone = await api.resource('r', {{ versions: true }});
      const widths = [];
      for (const version of gone.versions) {{
        widths.push((await api.restore(['r'], {{ versions: [version.version_id] }})).r.width);
      }}
      const byId = await api.restore_by_asset_ids([first.asset_id]);
      const removed = await api.delete_backed_up_assets(first.asset_id, [second.version_id]);
      const off = await api.resource('r', {{ versions: false }});
      return [gone.bytes, gone.placeholder, widths, Object.keys(byId).length,
        removed.deleted_version_ids.length, off.versions === undefined, first.asset_id === second.asset_id];
    """)

    assert result[:3] == [0, True, [40, 41]]
    assert result[3:] == [4, 1, True, True]  # the asset, and what the SDK adds of the rate limit


def test_assets_are_published_and_change_their_access_mode(node: Run) -> None:
    result = node("""
      for (const id of ['p1', 'p2', 'p3']) await up(id, { type: 'authenticated', tags: ['pub' + id] });
      const none = await api.publish_by_ids(['p1'], { type: 'private' });
      const published = [
        await api.publish_by_ids(['p1', 'none'], { type: 'authenticated' }),
        await api.publish_by_prefix('p2'),
        await api.publish_by_tag('pubp3'),
      ].map((one) => one.published.map((item) => [item.public_id, /\\/upload\\//.test(item.url)]));
      const uploaded = [];
      for (const id of ['m1', 'm2', 'm3']) {
        uploaded.push((await up(id, { access_mode: 'authenticated', tags: ['t' + id] })).access_mode);
      }
      const closed = (await get(cloudinary.url('m1', { secure: false, format: 'png' })))[0];
      const updated = [
        await api.update_resources_access_mode_by_ids('public', ['m1']),
        await api.update_resources_access_mode_by_prefix('public', 'm2'),
        await api.update_resources_access_mode_by_tag('public', 'tm3'),
      ].map((one) => one.updated.map((item) => [item.public_id, item.access_mode]));
      const opened = (await get(cloudinary.url('m1', { secure: false, format: 'png' })))[0];
      return { none: none.published, published, uploaded, closed, updated, opened };
    """)

    assert result == {
        "none": [],
        "published": [[["p1", True]], [["p2", True]], [["p3", True]]],
        "uploaded": ["authenticated"] * 3,
        "closed": 401,
        "updated": [[["m1", "public"]], [["m2", "public"]], [["m3", "public"]]],
        "opened": 200,
    }


def test_assets_are_related(node: Run) -> None:
    result = node("""
      const ids = [];
      for (const id of ['a', 'b', 'c']) ids.push((await up(id)).asset_id);
      const codes = (answer) => [...answer.success, ...answer.failed].map((one) => one.code);
      return [
        codes(await api.add_related_assets('a', 'image/upload/b')),
        codes(await api.add_related_assets('a', ['image/upload/b', 'image/upload/c'])),
        codes(await api.delete_related_assets('a', 'image/upload/b')),
        codes(await api.add_related_assets_by_asset_id(ids[0], [ids[1], 'x'])),
        codes(await api.delete_related_assets_by_asset_id(ids[0], ids[1])),
        (await api.resource('a', { related: true })).related_assets.map((one) => one.public_id),
      ];
    """)

    assert result == [
        ["success_ids"],
        ["success_ids", "already_exists_ids"],
        ["success_ids"],
        ["success_ids", "non_existing_ids"],
        ["success_ids"],
        ["c"],
    ]


def test_updates_and_what_they_refuse(node: Run) -> None:
    result = node("""
      await up('a', { moderation: 'manual' });
      const changed = await api.update('a', {
        tags: ['x', 'y'], context: { k: 'v' }, moderation_status: 'approved', quality_override: '80:420',
        asset_folder: 'f', display_name: 'A', face_coordinates: [[1, 2, 3, 4]],
        access_control: [{ access_type: 'anonymous', start: new Date(0) }],
      });
      const refused = [];
      for (const name of ['raw_convert', 'categorization', 'detection', 'background_removal', 'ocr']) {
        refused.push((await fails(api.update('a', { [name]: 'illegal' }))).message);
      }
      return { changed, refused };
    """)

    changed = result["changed"]
    assert (changed["tags"], changed["context"]) == (["x", "y"], {"custom": {"k": "v"}})
    assert (changed["asset_folder"], changed["display_name"]) == ("f", "A")
    assert changed["moderation"][0]["status"] == "approved"
    assert changed["access_control"][0]["access_type"] == "anonymous"
    assert all(message.startswith("Illegal value illegal for ") for message in result["refused"])


def test_credentials_and_what_is_wrong_with_them(node: Run) -> None:
    result = node("""
      await up('a');
      const good = await api.resource('a', { oauth_token: 'good' });
      const wrong = [
        await fails(api.resource('a', { oauth_token: 'MTQ0NjJkZmQ5OTM2NDE1ZTZjNGZmZjI4' })),
        await fails(api.resource('a', { api_key: null, api_secret: null })),
        await fails(api.resource('a', { api_secret: 'wrong' })),
        await fails(api.resource('a', { cloud_name: 'nope' })),
        await fails(up('b', { api_secret: 'wrong' })),
        await fails(cloudinary.analysis.analyze_uri('https://a.test', 'captioning')),
      ];
      const start = (text) => text.split(' ').slice(0, 3).join(' ');
      return [good.public_id, wrong.map((one) => [one.http_code, start(one.message)])];
    """)

    assert result == [
        "a",
        [
            [401, "Invalid token"],
            [401, "unknown api_key"],
            [401, "api_secret mismatch"],
            [401, "Invalid cloud_name nope"],
            [401, result[1][4][1]],
            [420, "You don't have"],
        ],
    ]
    assert result[1][4][1].startswith("Invalid Signature ")


def test_urls_of_the_sdk_are_delivered(node: Run) -> None:
    result = node("""
      await up('folder/a', { type: 'authenticated' });
      await up('b');
      const hidden = { type: 'authenticated', format: 'png', secure: false };
      const long = { sign_url: true, long_url_signature: true };
      const token = { key: '00112233FF99', duration: 300 };
      return Promise.all([
        cloudinary.url('folder/a', hidden),
        cloudinary.url('folder/a', { ...hidden, sign_url: true }),
        cloudinary.url('folder/a', { ...hidden, sign_url: true, signature_algorithm: 'sha256' }),
        cloudinary.url('folder/a', { ...hidden, ...long, width: 5, crop: 'fit' }),
        cloudinary.url('folder/a', { ...hidden, sign_url: true, auth_token: token }),
        cloudinary.url('b', { format: 'png', secure: false, url_suffix: 'words' }),
        cloudinary.url('b', { format: 'png', secure: false, use_root_path: true }),
        cloudinary.url('b', { format: 'png', secure: false, shorten: true, width: 7, crop: 'scale' }),
        cloudinary.url('none', { format: 'png', secure: false }),
      ].map(get));
    """)

    assert result == [
        [401, "deny or ACL failure"],
        *[[200, None]] * 7,
        [404, "Resource not found - none"],
    ]


def test_usage_and_configuration(node: Run) -> None:
    result = node("""
      const usage = await api.usage();
      const dated = await api.usage({ date: '20-11-2025' });
      const config = await api.config({ settings: true });
      return [Object.keys(usage), Object.keys(dated.bandwidth), config.cloud_name, config.settings,
        (await api.ping()).status, (await api.resource_types()).resource_types];
    """)

    assert {"plan", "last_updated", "transformations", "objects", "media_limits"} <= set(result[0])
    assert not {"limit", "used_percent"} & set(result[1])
    assert result[2:] == ["node", {"folder_mode": "dynamic"}, "ok", ["image", "raw", "video"]]


def test_assets_and_folders_are_searched(node: Run) -> None:
    result = node("""
      for (const id of ['f/a', 'f/b', 'g/c']) await up(id, { tags: ['t'], context: { stage: 'in review' } });
      const search = cloudinary.search.expression('tags=t AND public_id:f/* AND width<1000')
        .sort_by('public_id', 'asc').max_results(1).with_field('context').aggregate('format');
      const first = await search.execute();
      const url = search.to_url(300, first.next_cursor, { secure: false });
      const second = await (await fetch(url)).json();
      const only = await cloudinary.search.fields(['tags']).max_results(1).execute();
      const renamed = await api.rename_folder('f', 'h/i j');
      const moved = await cloudinary.search.expression('asset_folder:"h/i j"').execute();
      const found = await cloudinary.search_folders.expression('path:h*').sort_by('path', 'asc').execute();
      const roots = [await api.root_folders(), await api.sub_folders('h')];
      const gone = await api.delete_folder('none').catch((error) => error.error);
      const wrong = await fails(cloudinary.search.expression('*').execute());
      return { first, second, only, renamed, moved, found, roots, gone, wrong };
    """)

    assert (result["first"]["total_count"], result["first"]["aggregations"]) == (2, {"format": {"png": 2}})
    pages = [*result["first"]["resources"], *result["second"]["resources"]]
    assert [(one["public_id"], one["context"]) for one in pages] == [
        ("f/a", {"stage": "in review"}),
        ("f/b", {"stage": "in review"}),
    ]
    assert "bytes" not in result["only"]["resources"][0]
    assert result["renamed"]["to"] == {"name": "i j", "path": "h/i j"}
    assert [one["public_id"] for one in result["moved"]["resources"]] == ["f/b", "f/a"]
    assert [one["path"] for one in result["found"]["folders"]] == ["h", "h/i j"]
    names = [[one["name"] for one in page["folders"]] for page in result["roots"]]
    assert names == [["g", "h"], ["i j"]]
    assert result["gone"]["message"] == "Can't find folder with path none"
    assert result["wrong"]["message"] == "Query Error (at position 1)"
