"""Cloudinary's own Node SDK, and what its Admin API makes: as its own specs expect of the real service."""

from __future__ import annotations

from tests.sdk.cloudinary.conftest import Run


def test_upload_presets(node: Run) -> None:
    result = node("""
      for (const name of ['p1', 'p2', 'p3']) await api.create_upload_preset({ name, folder: 'folder' });
      const listed = (await api.upload_presets({ max_results: 3 })).presets.map((one) => one.name);
      const { name } = await api.create_upload_preset({
        unsigned: true, folder: 'folder', transformation: { width: 100, crop: 'scale' },
        tags: ['a', 'b', 'c'], context: { a: 'b', c: 'd' },
      });
      const made = await api.upload_preset(name);
      await api.update_upload_preset(name, Object.assign({}, made.settings, { colors: true, live: true }));
      const changed = await api.upload_preset(name);
      const file = 'data:text/plain;base64,eA==';
      const { public_id, tags } = await uploader.unsigned_upload(file, name, { resource_type: 'raw' });
      await api.delete_upload_preset(name);
      return { listed, made, changed, public_id, tags, gone: await fails(api.upload_preset(name)) };
    """)

    settings = {
        "folder": "folder",
        "transformation": [{"width": 100, "crop": "scale"}],
        "context": {"a": "b", "c": "d"},
        "tags": ["a", "b", "c"],
    }
    assert result["listed"] == ["p3", "p2", "p1"]
    assert (result["made"]["unsigned"], result["made"]["settings"]) == (True, settings)
    assert result["changed"]["settings"] == {**settings, "colors": True, "live": True}
    assert (result["public_id"].split("/")[0], result["tags"]) == ("folder", ["a", "b", "c"])
    assert result["gone"]["http_code"] == 404
    assert "Can't find" in result["gone"]["message"]


def test_named_transformations(node: Run) -> None:
    result = node("""
      await api.create_transformation('small', { crop: 'scale', width: 20 });
      const again = await fails(api.create_transformation('small', { width: 1 }));
      await up('a');
      const url = cloudinary.url('a', { transformation: 'small', format: 'png', secure: false });
      const delivered = await get(url);
      const used = await api.transformation('small');
      await api.update_transformation('small', { unsafe_update: { crop: 'scale', width: 21 } });
      const { info } = await api.transformation('small');
      const text = 'c_scale,w_22/jpg';
      await api.create_transformation(text, { crop: 'scale', width: 22, format: 'jpg' });
      const listed = {};
      for (const named of [true, false]) {
        listed[named] = (await api.transformations({ named })).transformations.map((one) => one.name);
      }
      const unnamed = (await api.transformation(text)).info;
      await api.delete_transformation('small');
      const gone = await fails(api.transformation('small'));
      return { again, delivered, used, info, listed, unnamed, gone };
    """)

    assert result["again"]["http_code"] == 409
    assert result["delivered"] == [200, None]
    assert (result["used"]["used"], result["used"]["allowed_for_strict"]) == (True, True)
    assert [one["public_id"] for one in result["used"]["derived"]] == ["a"]
    assert result["info"] == [{"crop": "scale", "width": 21}]
    assert result["listed"] == {"true": ["t_small"], "false": ["c_scale,w_22/jpg"]}
    assert result["unnamed"] == [{"crop": "scale", "width": 22, "extension": "jpg"}]
    assert result["gone"]["http_code"] == 404


def test_streaming_profiles(node: Run) -> None:
    result = node("""
      const scale = { crop: 'scale', width: '1200', height: '1200', bit_rate: '5m' };
      await api.create_streaming_profile('p', { representations: [{ transformation: [scale] }] });
      const other = { crop: 'scale', width: '1000', height: '1000', bit_rate: '4m' };
      await api.update_streaming_profile('p', { representations: [{ transformation: other }] });
      const changed = (await api.get_streaming_profile('p')).data;
      const predefined = (await api.get_streaming_profile('full_hd')).data;
      const deleted = await api.delete_streaming_profile('p');
      const listed = (await api.list_streaming_profiles()).data.map((one) => one.name);
      return { changed, predefined, deleted, listed };
    """)

    transformation = [{"crop": "scale", "width": 1000, "height": 1000, "bit_rate": "4m"}]
    assert result["changed"]["representations"] == [{"transformation": transformation}]
    assert {"name", "display_name", "representations"} <= result["predefined"].keys()
    assert result["deleted"]["message"] == "deleted"
    assert ("p" in result["listed"], "4k" in result["listed"]) == (False, True)


def test_upload_mappings(node: Run) -> None:
    result = node("""
      await api.create_upload_mapping('wiki', { template: 'http://cloudinary.test' });
      await api.update_upload_mapping('wiki', { template: 'http://res.cloudinary.test' });
      const one = await api.upload_mapping('wiki');
      const all = (await api.upload_mappings()).mappings;
      await api.delete_upload_mapping('wiki');
      return { one, all, left: (await api.upload_mappings()).mappings };
    """)

    assert (result["one"]["folder"], result["one"]["template"]) == ("wiki", "http://res.cloudinary.test")
    assert [(one["folder"], one["template"]) for one in result["all"]] == [
        ("wiki", "http://res.cloudinary.test")
    ]
    assert result["left"] == []


def test_structured_metadata(node: Run) -> None:
    result = node("""
      const values = [{ value: 'v2', external_id: 'first' }, { value: 'v3' }, { value: 'v4' }];
      await api.add_metadata_field({ external_id: 's', label: 'S', type: 'set', datasource: { values } });
      await api.add_metadata_field({ external_id: 'n', label: 'N', type: 'integer' });
      const shown = (datasource) => datasource.values.map((one) => one.value);
      const first = { values: [{ value: 'v1', external_id: 'first' }] };
      const datasource = {
        changed: shown(await api.update_metadata_field_datasource('s', first)),
        deleted: shown(await api.delete_datasource_entries('s', ['first'])),
        restored: shown(await api.restore_metadata_field_datasource('s', ['first'])),
        ordered: shown(await api.order_metadata_field_datasource('s', 'value', 'desc')),
      };
      const given = await up('a', { metadata: { s: ['first'], n: 5 } });
      await uploader.update_metadata({ n: 6 }, ['a']);
      const updated = await api.update('a', { metadata: { s: '' } });
      const unknown = await fails(up('b', { metadata: { none: 'x' } }));
      const refused = await fails(api.add_metadata_field({
        external_id: 'six', label: 'six', type: 'integer', default_value: 6,
        validation: { type: 'less_than', equals: true, value: 5 },
      }));
      const rule = await api.add_metadata_rule({
        metadata_field_id: 's', name: 'r', condition: { metadata_field_id: 'n', populated: true },
        result: { enable: true, activate_values: 'all' },
      });
      await api.update_metadata_rule(rule.external_id, { state: 'inactive' });
      const rules = (await api.list_metadata_rules()).metadata_rules.map((one) => one.state);
      const { metadata_fields } = await api.reorder_metadata_fields('label', 'asc');
      const ordered = metadata_fields.map((one) => one.label);
      const deleted = await api.delete_metadata_field('n');
      const again = await fails(api.add_metadata_field({ external_id: 'n', label: 'N', type: 'integer' }));
      const metadata = [given.metadata, updated.metadata];
      return { datasource, metadata, unknown, refused, rules, ordered, deleted, again };
    """)

    assert result["datasource"] == {
        "changed": ["v1", "v3", "v4"],
        "deleted": ["v3", "v4"],
        "restored": ["v1", "v3", "v4"],
        "ordered": ["v4", "v3", "v1"],
    }
    assert result["metadata"] == [{"s": ["first"], "n": 5}, {"n": 6}]
    assert result["unknown"]["message"] == 'Metadata External IDs do not exist: ["none"]'
    assert "default_value is invalid" in result["refused"]["message"]
    assert (result["rules"], result["ordered"]) == (["inactive"], ["N", "S"])
    assert result["deleted"]["message"] == "ok"
    assert "external id n already exists" in result["again"]["message"]
