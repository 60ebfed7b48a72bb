"""Videos and sounds: from the steps of a transformation to arguments for FFmpeg, and what is made with them.

- `plan` turns steps into a recipe out of `timing`, `looks` and `overlays`; recipes put clips into a `graph`.
- `outputs` says how FFmpeg writes it, `encoding` with which codecs, `wishes` what a plan says on that.
- `maker` does all of it for a stored file; `layers` and `subtitles` write the files that layers need.
"""
