"""Places in object stores: names stay below their root, errors are plain, secrets stay out."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit.errors import InputError, OutputError
from datakit.io.store import object_store, storage
from datakit.io.store.files import FileRef, RemoteFolder, open_root
from datakit.io.store.object_store import StorageUnavailable, without_secrets
from datakit.io.store.storage import ObjectPath, location
from tests.conftest import Bucket
from tests.object_server import Fault


def test_local_paths_stay_plain() -> None:
    assert type(location("a/b", "c")) is type(Path())
    assert location("file:///a/b", "c") == Path("/a/b/c")
    assert location("file://localhost/a") == Path("/a")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("file://a/b", "file:///absolute/path"),
        ("http://host/a", "file://, s3://, gs://, memory://"),
        ("s3://", "SCHEME://BUCKET/PATH"),
        ("s3://bucket/../other", "without .."),
        ("s3://bucket//a", "without .."),
        ("s3://user:secret@bucket/a", "credentials"),
        ("s3://bucket/a?X-Amz-Signature=secret", "credentials"),
    ],
)
def test_what_is_no_place_is_refused_without_its_secrets(text: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        location(text)
    assert expected in str(caught.value)
    assert "secret" not in str(caught.value)


@given(st.text(min_size=1, max_size=30))
def test_no_name_leaves_its_place(name: str) -> None:
    root = location("s3://bucket/set")
    try:
        place = root / name
    except InputError:
        return
    assert isinstance(place, ObjectPath)
    assert place.key.startswith("bucket/set/")
    assert not {"", ".", ".."} & set(place.key.split("/"))


@given(st.text(alphabet="abc:/@?=&% ", max_size=40))
def test_no_url_is_an_unforeseen_error(rest: str) -> None:
    try:
        place = location(f"s3://{rest}")
    except InputError:
        return
    assert isinstance(place, ObjectPath)
    assert "@" not in place.key.split("/")[0]


def test_secrets_of_the_environment_are_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "abc/def")
    assert without_secrets("key abc/def is wrong") == "key *** is wrong"
    assert storage.shown("s3://me:pw@bucket/a?token=1") == "s3://***@bucket/a?***"


def test_a_place_behaves_like_a_path(bucket: Bucket) -> None:
    root = location(f"{bucket.url}/set")
    assert isinstance(root, ObjectPath)
    assert not root.exists()
    assert pickle.loads(pickle.dumps(root)) == root
    (root / "a/b.txt").write_bytes(b"hello")
    assert root.is_dir()
    assert not root.is_file()
    assert (root / "a/b.txt").is_file()
    assert not (root / "a/b.txt").is_dir()
    assert [str(place) for place in root.iterdir()] == [f"{bucket.url}/set/a"]
    assert (root / "a/b.txt").stat().st_size == 5
    assert (root / "a/b.txt").read_text() == "hello"
    with (root / "a/b.txt").open() as handle:
        handle.seek(1)
        assert handle.read() == b"ello"
    with (root / "a/b.txt").ranges() as handle:
        handle.seek(-2, 2)
        assert handle.read() == b"lo"
    with pytest.raises(FileNotFoundError):
        (root / "a/c.txt").read_bytes()
    with pytest.raises(IsADirectoryError):
        (root / "a").read_bytes()
    (root / "a/b.txt").unlink()
    (root / "a/b.txt").unlink(missing_ok=True)
    assert not root.exists()
    assert storage.overlap(root, root / "a")
    assert not storage.overlap(root, location(f"{bucket.url}/set2"))
    assert not storage.overlap(root, Path("/tmp"))


def test_one_of_two_creates(bucket: Bucket) -> None:
    place = location(f"{bucket.url}/lock")
    assert isinstance(place, ObjectPath)
    place.store.create(place.key, b"first")
    with pytest.raises(FileExistsError):
        place.store.create(place.key, b"second")
    assert place.read_bytes() == b"first"


@pytest.mark.parametrize("kind", ["500", "503", "timeout", "short read", "reset"])
def test_a_fault_that_passes_is_not_seen(kind: str, bucket: Bucket) -> None:
    place = location(f"{bucket.url}/a")
    place.write_bytes(b"x" * 1000)
    bucket.server.faults.append(Fault(kind, methods="GET", path="/a", times=1))
    assert place.read_bytes() == b"x" * 1000


@pytest.mark.parametrize("kind", ["reset", "silence"])
def test_an_upload_without_an_answer_is_made_again(kind: str, bucket: Bucket) -> None:
    place = location(f"{bucket.url}/a")
    bucket.server.faults.append(fault := Fault(kind, methods="PUT", path="/a", times=1))
    place.write_bytes(b"x" * 1000)
    assert fault.fired == 1
    assert place.read_bytes() == b"x" * 1000


@pytest.mark.parametrize("kind", ["500", "short read"])
def test_a_fault_that_stays_ends_the_asking(kind: str, bucket: Bucket) -> None:
    place = location(f"{bucket.url}/a")
    place.write_bytes(b"x" * 1000)
    bucket.server.faults.append(fault := Fault(kind, methods="GET", path="/a"))
    with pytest.raises(StorageUnavailable, match="failed 3 times"):
        place.read_bytes()
    assert fault.fired == 3
    with pytest.raises(OutputError, match="--resume"):
        FileRef(bucket.url, "a").read()


def test_access_denied_is_said_once(bucket: Bucket) -> None:
    place = location(f"{bucket.url}/a")
    place.write_bytes(b"x")
    bucket.server.faults.append(fault := Fault("denied", path="/a"))
    with pytest.raises(PermissionError, match="access denied by the storage"):
        place.read_bytes()
    assert fault.fired == 1
    with pytest.raises(InputError, match="a: cannot be read"):
        FileRef(bucket.url, "a").read()


def test_a_listing_is_a_walk(bucket: Bucket, tmp_path: Path) -> None:
    for name in ("b/x.txt", "a/z/y.txt", "a/b.txt", "c.txt", ".hidden/d", "a/.e", "ä ö.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    url = bucket.put(tmp_path, "set")
    assert list(open_root(url).names()) == list(open_root(str(tmp_path)).names())
    assert FileRef(url, "ä ö.txt").read() == "ä ö.txt".encode()
    assert FileRef(url, "ä ö.txt").path is None
    with pytest.raises(InputError, match="no such file or folder"):
        list(open_root(f"{bucket.url}/none").names())


@pytest.mark.parametrize("key", ["set/../../up.jpg", "set//a.jpg", "set/./a.jpg", "set/..\\a"])
def test_a_key_that_would_leave_the_root_on_a_disk_is_refused(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = open_root("s3://bucket/set")
    assert isinstance(folder, RemoteFolder)
    entry = object_store.Entry(f"bucket/{key}", 1)

    class Listing:
        def below(self, _: str) -> list[object_store.Entry]:
            return [entry]

    monkeypatch.setattr(storage, "open_store", lambda _: Listing())
    with pytest.raises(InputError, match="expected"):
        list(folder.names())


def test_an_absent_driver_names_the_extra() -> None:
    program = (
        "import sys; sys.modules['s3fs'] = None\n"
        "from datakit.io.store.storage import location\n"
        "location('s3://bucket/a').exists()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "pip install 'datakit[s3]'" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("datakit.errors.InputError: s3://: ")


def test_local_work_imports_no_driver(sample_data: Path, tmp_path: Path) -> None:
    program = (
        "import sys, datakit\n"
        f"datakit.validate({str(sample_data / 'roboflow_export')!r})\n"
        "assert not {'fsspec', 's3fs', 'botocore'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
