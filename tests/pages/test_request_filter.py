"""The review's server answers its own page and nobody else, and gives no file but its own."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.verbs.test_report import dataset, finding, table


class Client:
    """Sends raw requests, as no browser would."""

    def __init__(self, review: Any) -> None:
        self.review = review

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.review.port, timeout=10)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, given)
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        answer = response.status, response.read(), found
        connection.close()
        return answer

    def __call__(self, path: str, method: str = "GET", body: Any = None, **headers: str) -> int:
        return self.ask(f"/{self.review.token}/{path}", method, body, **headers)[0]


@pytest.fixture
def client(tmp_path: Path, review: Callable[..., Any]) -> Client:
    set_ = dataset(tmp_path / "set", ["a.png", "b.png"])
    table(set_ / "qc.jsonl", finding("a.png"))
    return Client(review(set_))


def decide(key: str, **ask: Any) -> bytes:
    return json.dumps({"id": key, **ask}).encode()


def test_who_may_ask_and_what(client: Client, tmp_path: Path) -> None:
    own = f"http://127.0.0.1:{client.review.port}"
    # The page itself, with a policy that admits nothing from elsewhere.
    status, page, headers = client.ask(f"/{client.review.token}/")
    assert status == 200
    assert b"<script type" in page
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers

    # Another token, none, half of it; another host (DNS rebinding), another origin, another site.
    token = client.review.token
    for path in (
        "/",
        "/x/",
        f"/{token}",
        f"/{token[:-1]}/",
        f"/{token}x/",
        f"//{token}/",
        "/%C3%A9/",
    ):
        assert client.ask(path)[0] == 403, path
    for path in ("", "api/queue", "image/0", "assets/app.js"):
        for headers_of_others in (
            {"Host": "evil.example"},
            {"Host": f"evil.example:{client.review.port}"},
            {"Host": "127.0.0.1"},
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://127.0.0.1:1"},
            {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"},
            {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "cors"},
        ):
            assert client(path, **headers_of_others) == 403, (path, headers_of_others)
    assert client("", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate") == 200
    assert client("api/queue", Origin=own, Sec_Fetch_Site="same-origin") == 200
    body = decide("a.png", verdict="accept")
    assert client("api/decide", "POST", body, Origin="http://evil.example") == 403
    foreign = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    assert client("api/decide", "POST", body, **foreign) == 403
    assert (tmp_path / "set.review/review.jsonl").read_bytes() == b""

    # Files: only those of the page, pictures only by number.
    for path in (
        *(
            "assets/..%2f..%2freport.py",
            "assets/../../../etc/passwd",
            "assets/%2e%2e/review_app.py",
        ),
        *("assets/report.html", "assets/", "assets", "image/-1", "image/2", "image/x", "image/1e0"),
        *(
            "image/0/../1/../../etc/passwd",
            "..%2fset%2fmetadata.jsonl",
            "metadata.jsonl",
            "thumb/9",
        ),
        *("label/0?edit=../../x", "label/0?edit=" + "0" * 64, "before/0", "api/sample/99", ".git"),
    ):
        assert client(path) == 404, path
    assert client("api/decide") == 405

    # What is written down.
    assert client("api/decide", "POST", decide("a.png", verdict="accept")) == 200
    for bad, expected in (
        (decide("nobody", verdict="accept"), 404),
        (decide("a.png", verdict="maybe"), 400),
        (decide("a.png", edit="0" * 64), 404),
        (decide("a.png", edit="../x"), 404),
        (decide("a.png", other=1), 400),
        (b"{", 400),
        (b"\xff", 400),
    ):
        assert client("api/decide", "POST", bad) == expected, bad
    for query in ("id=a.png&x=0&y=0", "id=a.png&x=z&y=0", "id=a.png", "id=no&x=0&y=0"):
        assert client(f"api/paint?{query}", "POST", b"not a picture") in (400, 404)
    rows = (tmp_path / "set.review/review.jsonl").read_text().splitlines()
    assert [json.loads(row)["verdict"] for row in rows] == ["accept"]

    # Ending it tells what was decided, and how to go on.
    summary = client.review.end()
    assert summary["counts"]["accepted"] == 1
    assert "--apply -o DST" in summary["notes"][-1]


def test_pictures_come_from_the_dataset_alone(
    tmp_path: Path, review: Callable[..., Any], sample_data: Path
) -> None:
    from tests.verbs.test_report import waiting

    set_ = dataset(tmp_path / "set", ["a.png"])
    table(tmp_path / "anon/anonymize.jsonl", waiting("coffee.jpg"))
    records = ("--records", tmp_path / "anon")
    client = Client(review(set_, *records))
    # Place 0 is the photo that waits: without --photos there is nothing to show of it.
    assert client("image/0") == client("thumb/0") == 404
    assert client("thumb/1") == 200
    client.review.end()
    client = Client(review(set_, *records, "--photos", sample_data / "photos"))
    status, data, headers = client.ask(f"/{client.review.token}/image/0")
    assert status == 200
    assert headers["cache-control"] == "no-store"
    assert data == (sample_data / "photos/coffee.jpg").read_bytes()
    assert client("thumb/0") == client("thumb/1") == 200
    # Only the dataset's own picture left a thumbnail.
    kept = list((tmp_path / "set.review/thumbnails").rglob("*.jpg"))
    assert len(kept) == 1
    client.review.end()
