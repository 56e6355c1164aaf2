import zipfile

import pytest

from catalog.errors import ImportFailed, UnreadableImage
from catalog.importers.archive import Folder, open_zip
from tests.catalog.importers.builders import write_folder, write_zip

FILES = {"a/1.jpg": b"one", "b.csv": b"two", "__MACOSX/a/._1.jpg": b"", ".hidden/2.jpg": b"", "a/.DS_Store": b""}


def test_folder_and_zip_show_the_same_names(tmp_path):
    folder = Folder(write_folder(tmp_path / "folder", FILES))

    with open_zip(write_zip(tmp_path / "source.zip", FILES)) as archive:
        assert archive.names == folder.names == ["a/1.jpg", "b.csv"]
        assert archive.images == folder.images == ["a/1.jpg"]
        assert archive.read_image_file("a/1.jpg") == folder.read_image_file("a/1.jpg") == b"one"
        assert archive.size("b.csv") == folder.size("b.csv") == 3


def test_inside_a_folder_names_are_shorter(tmp_path):
    files = {"set/images/1.jpg": b"one", "setting/2.jpg": b"two"}
    folder = Folder(write_folder(tmp_path / "folder", files)).subfolder("set")

    with open_zip(write_zip(tmp_path / "source.zip", files)) as archive:
        inside = archive.subfolder("set")
        assert inside.names == folder.names == ["images/1.jpg"]
        assert inside.read_image_file("images/1.jpg") == folder.read_image_file("images/1.jpg") == b"one"


def test_linked_folders_are_read_and_those_that_lead_back_are_not(tmp_path):
    photos = write_folder(tmp_path / "photos", {"hat/1.jpg": b"one", "dress/2.jpg": b"two"})
    linked = write_folder(tmp_path / "linked", {"boots/3.jpg": b"three"})
    (linked / "hats").symlink_to(photos / "hat")
    (linked / "frocks").symlink_to("../photos/dress")
    (linked / "self").symlink_to(linked)
    (linked / "up").symlink_to("..")
    (photos / "hat" / "round").symlink_to(linked)

    folder = Folder(linked)

    assert folder.names == ["boots/3.jpg", "frocks/2.jpg", "hats/1.jpg"]
    assert folder.read_image_file("hats/1.jpg") == b"one"


@pytest.mark.parametrize("name", ["../up.jpg", "a/../../up.jpg", "/etc/absolute.jpg"])
def test_members_that_lead_out_of_a_zip_are_not_seen(tmp_path, name):
    with open_zip(write_zip(tmp_path / "source.zip", {name: b"x", "a/1.jpg": b"y"})) as archive:
        assert archive.names == ["a/1.jpg"]


def test_backslashes_of_windows_are_slashes(tmp_path):
    with open_zip(write_zip(tmp_path / "source.zip", {"a\\1.jpg": b"x"})) as archive:
        assert archive.names == ["a/1.jpg"]


def test_larger_than_allowed_is_refused_before_it_is_unpacked(tmp_path, settings):
    settings.MAX_IMAGE_BYTES = 1000
    files = {"bomb.jpg": bytes(1001), "fits.jpg": bytes(1000)}
    folder = Folder(write_folder(tmp_path / "folder", files))

    with open_zip(write_zip(tmp_path / "source.zip", files)) as archive:
        for place in (archive, folder):
            assert len(place.read_image_file("fits.jpg")) == 1000
            with pytest.raises(UnreadableImage, match="1,001 bytes; at most 1,000"):
                place.read_image_file("bomb.jpg")


def test_a_member_that_lies_about_its_size_is_damaged(tmp_path):
    path = write_zip(tmp_path / "source.zip", {"bomb.jpg": bytes(100_000)})
    honest, lie = (100_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    data = path.read_bytes()
    assert data.count(honest) == 2  # in the member's header and in the directory
    path.write_bytes(data.replace(honest, lie))

    with open_zip(path) as archive, pytest.raises(UnreadableImage, match="cannot be read: Bad CRC-32"):
        archive.read_image_file("bomb.jpg")


def test_a_damaged_member_leaves_the_others_readable(tmp_path):
    path = tmp_path / "source.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("bad.jpg", b"0123456789")
        archive.writestr("good.jpg", b"abc")
    path.write_bytes(path.read_bytes().replace(b"0123456789", b"0123x56789"))

    with open_zip(path) as archive:
        with pytest.raises(UnreadableImage, match="cannot be read"):
            archive.read_image_file("bad.jpg")
        assert archive.read_image_file("good.jpg") == b"abc"


def test_what_is_missing_is_said_to_be_missing(tmp_path):
    with open_zip(write_zip(tmp_path / "source.zip", {"a.jpg": b"x"})) as archive:
        for place in (archive, Folder(tmp_path)):
            with pytest.raises(UnreadableImage, match="there is no such file"):
                place.read_image_file("b.jpg")


def test_an_encrypted_zip_is_refused(tmp_path):
    path = write_zip(tmp_path / "source.zip", {"a.jpg": b"x"})
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag in the member's header
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    path.write_bytes(data)

    with pytest.raises(ImportFailed, match="is encrypted"), open_zip(path):
        pass


def test_a_zip_that_was_cut_off_is_said_to_be(tmp_path):
    path = write_zip(tmp_path / "source.zip", FILES)
    path.write_bytes(path.read_bytes()[:-30])

    with pytest.raises(ImportFailed, match=r"source\.zip is cut off or damaged: no central directory"), open_zip(path):
        pass


@pytest.mark.parametrize("content", [b"", b"no zip"])
def test_what_is_no_zip_is_refused(tmp_path, content):
    path = tmp_path / "source.zip"
    path.write_bytes(content)

    with pytest.raises(ImportFailed, match=r"source\.zip is no zip, or a damaged one"), open_zip(path):
        pass
