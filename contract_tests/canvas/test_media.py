"""Recordings of Canvas, by their media ids and by their files."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.canvas.support import Site

EVERYTHING = ["content", "webvtt_content", "created_at", "updated_at"]
MEDIA, FILES = "/api/v1/media_objects", "/api/v1/media_attachments"
SRT = "1\n00:00:00,000 --> 00:00:01,000\nHi"


def recording(canvas: Site, **fields: Any) -> Any:
    sent = {"id": "m-1", "type": "video", "context_code": "course_1", "title": "Film", **fields}
    answer = canvas.teacher.post(MEDIA, json=sent)
    assert answer.status_code == 200, answer.text
    return answer.json()["media_object"]


def test_a_recording_is_registered_once_for_each_place_and_kind(canvas: Site) -> None:
    first = recording(canvas)
    again = recording(canvas, title="Cut", user_entered_title="Mine")
    assert (again["id"], again["title"], again["user_entered_title"]) == (first["id"], "Cut", "Mine")
    assert recording(canvas, type="audio")["id"] != first["id"]
    assert canvas.teacher.post(MEDIA, json={"id": "m-2", "context_code": "course_1"}).status_code == 500
    outside = {"id": "m-2", "context_code": "course_3"}
    assert canvas.student.post(MEDIA, json=outside).status_code == 403, "who may read the place is asked first"


def test_captions_are_of_one_language_each_and_an_empty_one_changes_nothing(canvas: Site) -> None:
    recording(canvas)
    path = f"{MEDIA}/m-1/media_tracks"
    rows = [{"locale": "en", "content": SRT, "kind": "captions"}, {"locale": "de", "content": "WEBVTT"}]
    made = canvas.teacher.put(path, json=rows).json()
    assert [(row["locale"], row["kind"]) for row in made] == [("en", "captions"), ("de", "subtitles")]
    kept = canvas.teacher.put(path, json=[{"locale": "en", "content": " "}, {"locale": "fr"}]).json()
    assert [row["id"] for row in kept] == [made[0]["id"]]
    tracks = canvas.teacher.put(path, params={"include[]": EVERYTHING}, json=[{"locale": "en"}]).json()
    assert set(tracks[0]) == {*kept[0], *EVERYTHING}
    (shown,) = canvas.teacher.get(path, params={"include[]": EVERYTHING}).json()
    assert shown["content"] == SRT
    assert shown["webvtt_content"] == "WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.000\nHi"
    assert canvas.teacher.get(path).json() == kept, "without the texts unless they are asked for"
    assert canvas.student.get(path).json() == [], "only one's own"
    assert canvas.teacher.get(f"{MEDIA}/other/media_tracks").status_code == 403


@pytest.mark.parametrize(
    "row", [{"locale": "e n"}, {"kind": "songs"}, {"content": '<tt xml:lang="en">'}, "text"], ids=str
)
def test_captions_that_are_none_are_refused(canvas: Site, row: Any) -> None:
    recording(canvas)
    path = f"{MEDIA}/m-1/media_tracks"
    sent = {"locale": "en", "content": "x", **row} if isinstance(row, dict) else row
    assert canvas.teacher.put(path, json=[sent]).status_code == 500
    assert canvas.teacher.get(path).json() == []


def test_only_who_may_change_its_file_captions_a_recording(canvas: Site) -> None:
    file = recording(canvas)["attachment_id"]
    assert canvas.student.put(f"{MEDIA}/m-1/media_tracks", json=[{"locale": "en", "content": "x"}]).status_code == 204
    own = f"{FILES}/{file}"
    assert canvas.student.put(f"{own}/media_tracks", json=[]).status_code == 403
    assert canvas.student.put(own, json={"user_entered_title": "x"}).status_code == 403
    assert canvas.student.get(f"{own}/media_tracks").json() == []
    made = canvas.admin.put(f"{own}/media_tracks", json=[{"locale": "en", "content": "x"}]).json()
    assert [row["locale"] for row in made] == ["en"]
    assert canvas.student.get(f"{own}/media_tracks").json() == made, "all of a file's, not only one's own"
    for method, sent in (("GET", None), ("PUT", [{"locale": "en"}])):
        tracks = canvas.admin.request(method, f"{own}/media_tracks", params={"include[]": EVERYTHING}, json=sent).json()
        assert set(tracks[0]) == {*made[0], *EVERYTHING}
    assert canvas.teacher.put(own, json={"user_entered_title": "New"}).json()["title"] == "New"
    assert canvas.teacher.put(own, json={"user_entered_title": " "}).status_code == 400
    assert canvas.teacher.put(f"{FILES}/1/media_tracks", json=[]).status_code == 403, "a file without a recording"
    assert (
        canvas.teacher.post(FILES, json={"id": "m-9", "type": "audio", "context_code": "course_1"}).status_code == 200
    )
