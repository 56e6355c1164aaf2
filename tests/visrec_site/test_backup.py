import os
import signal
import subprocess
import threading

import pytest
from django.apps import apps
from django.contrib.auth import authenticate, get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection

from catalog import products
from catalog.models import Product
from recommender.models import DesignImage
from recommender.serving import recommend
from recommender.serving.types import RecommendationQuery
from recommender.versions.vectors import index
from tests.factories import ProductFactory, ShopperFactory, embed, image_bytes, turned
from visrec_site import backup, settings
from visrec_site.backup import BackupError

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(go_to_empty_shop, active, active_personal, settings):
    """Products with pictures and vectors, an active version, a login, a design and what the demo remembers."""
    get_user_model().objects.create_superuser("admin", password="a secret")
    large = ProductFactory(image=image_bytes(3, size=600))
    ProductFactory.create_batch(4)
    for number, product in enumerate(Product.objects.all()):
        embed(product, active, turned(20 * number))
    assert large.images.get().thumbnail
    index.build_index(active)
    design = ShopperFactory(key="ada").designs.create(category=large.category, status="done")
    picture = DesignImage.objects.create(design=design, position=0, score=1.0, realism=1.0)
    default_storage.save(picture.file, ContentFile(image_bytes(9)))
    for version in (active, active_personal):
        (version.folder / "sheets").mkdir(parents=True)
        for name in ("config.json", "weights.safetensors", "sheets/epoch-00001.webp"):
            (version.folder / name).write_text(f"{name} of {version}")
        (version.folder / "training-00001").mkdir()
        (version.folder / "training-00001" / "pictures.npy").write_bytes(bytes(1000))
    (settings.VAR / "demo").mkdir(parents=True)
    (settings.VAR / "demo" / "fills.json").write_text("{}")
    return active


def files() -> dict:
    """What is in each file of the shop, but for states of trainings."""
    found = {}
    for name, folder in backup.roots().items():
        for path in folder.rglob("*"):
            if path.is_file() and "training-00001" not in path.parts:
                found[f"{name}/{path.relative_to(folder)}"] = path.read_bytes()
    return found


def rows() -> dict:
    """All rows of all tables."""
    return {model: list(model._default_manager.order_by("pk").values()) for model in apps.get_models()}


def test_a_shop_is_restored_as_it_was(shop, go_to_empty_shop, tmp_path):
    before, content = files(), rows()

    manifest = backup.write_backup(tmp_path / "shop.tar")
    go_to_empty_shop()
    assert backup.restore_backup(tmp_path / "shop.tar") == manifest

    assert (files(), rows()) == (before, content)
    assert (len(before), manifest.missing) == (
        5 + 1 + 1 + 2 * 3 + 1,
        [],
    )  # pictures, a thumbnail, a design's, of versions, the demo's
    assert authenticate(username="admin", password="a secret").is_superuser
    assert len(recommend.similar_products(Product.objects.first(), RecommendationQuery(limit=3)).results) == 3
    index.build_index(shop)  # it is there, so that nothing is to be done
    ProductFactory()  # the numbers of rows go on


def test_what_is_deleted_while_it_is_copied_is_not_in_the_backup_at_all(shop, go_to_empty_shop, tmp_path, monkeypatch):
    gone, add, snapshots = ProductFactory(), backup.Archive.add, []

    def delete_then_add(archive, names):
        if not snapshots:
            elsewhere(lambda: products.delete([gone]))
        snapshots.append(names)
        return add(archive, names)

    monkeypatch.setattr(backup.Archive, "add", delete_then_add)
    manifest = backup.write_backup(tmp_path / "shop.tar")
    go_to_empty_shop()
    backup.restore_backup(tmp_path / "shop.tar")

    assert (len(snapshots), manifest.missing) == (2, [])
    assert not Product.objects.filter(sku=gone.sku).exists()
    assert set(manifest.files) == {"database.dump", *files()}


def test_what_is_deleted_after_it_was_copied_is_restored(shop, go_to_empty_shop, tmp_path, monkeypatch):
    late, run_dump = ProductFactory(), backup.run_dump

    def delete_then_dump(file, token):
        elsewhere(lambda: products.delete([late]))
        run_dump(file, token)

    monkeypatch.setattr(backup, "run_dump", delete_then_dump)
    backup.write_backup(tmp_path / "shop.tar")
    go_to_empty_shop()
    backup.restore_backup(tmp_path / "shop.tar")

    assert f"media/{late.images.get().file.name}" in files()


def elsewhere(call) -> None:
    """In another session of the database."""

    def run():
        call()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def test_a_picture_that_the_shop_had_lost_is_named(shop, go_to_empty_shop, tmp_path):
    lost = ProductFactory().images.get().file
    default_storage.delete(lost.name)
    (shop.folder / "weights.safetensors").unlink()

    manifest = backup.write_backup(tmp_path / "shop.tar")

    assert manifest.missing == [f"media/{lost.name}", f"models/{shop.folder.name}/weights.safetensors"]
    go_to_empty_shop()
    assert backup.restore_backup(tmp_path / "shop.tar") == manifest


def test_a_backup_replaces_no_file_and_leaves_none_that_is_incomplete(shop, tmp_path, monkeypatch):
    (tmp_path / "shop.tar").write_text("mine")
    with pytest.raises(BackupError, match="shop.tar exists"):
        backup.write_backup(tmp_path / "shop.tar")
    assert (tmp_path / "shop.tar").read_text() == "mine"

    with monkeypatch.context() as patch, pytest.raises(BackupError, match='pg_dump failed: .*"nobody"'):
        patch.setitem(connection.settings_dict, "USER", "nobody")
        backup.write_backup(tmp_path / "other.tar")
    with pytest.raises(BackupError, match="cannot be written: No such file or directory"):
        backup.write_backup(tmp_path / "no folder" / "other.tar")
    with pytest.raises(BackupError, match="cannot be written: Not a directory"):
        backup.write_backup(tmp_path / "shop.tar" / "other.tar")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["shop.tar"]


def no_backup(file):
    file.write_text("sku,title\n1,Boots\n" * 100)


def cut_off(file):
    file.write_bytes(file.read_bytes()[:-20_000])


def damaged(file):
    data = file.read_bytes()
    file.write_bytes(data.replace(b"weights.safetensors of", b"weights.safetensors 0f"))


def newer(file):
    data = file.read_bytes()
    file.write_bytes(data.replace(b'"recommender.0001_vector_extension"', b'"recommender.9001_vector_extension"'))


def other_format(file):
    file.write_bytes(file.read_bytes().replace(b'"format": 1', b'"format": 2'))


def other_dump(file):
    data = file.read_bytes()
    file.write_bytes(data.replace(b"PGDMP", b"PGDMQ", 1))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda file: file.unlink(), "there is no file .*shop.tar"),
        (no_backup, "shop.tar is not a backup"),
        (cut_off, "shop.tar is not a backup: unexpected end of data"),
        (damaged, "shop.tar is damaged: models/.*/weights.safetensors is not what was saved"),
        (newer, "1 migrations, such as recommender.9001_vector_extension, that are not known here"),
        (other_format, "shop.tar has format 2; this software reads 1"),
        (other_dump, "shop.tar is damaged: database.dump is not what was saved"),
    ],
)
def test_what_is_no_backup_of_this_shop_is_refused_and_changes_nothing(shop, go_to_empty_shop, tmp_path, spoil, reason):
    backup.write_backup(tmp_path / "shop.tar")
    spoil(tmp_path / "shop.tar")
    go_to_empty_shop()

    with pytest.raises(BackupError, match=reason):
        backup.restore_backup(tmp_path / "shop.tar")

    assert (files(), connection.introspection.table_names()) == ({}, [])


def test_a_dump_that_cannot_be_restored_leaves_the_shop_empty(shop, go_to_empty_shop, tmp_path, monkeypatch):
    monkeypatch.setattr(backup, "run_dump", lambda file, token: file.write_text("no dump"))
    backup.write_backup(tmp_path / "shop.tar")
    go_to_empty_shop()

    with pytest.raises(BackupError, match="pg_restore failed: .*input file"):
        backup.restore_backup(tmp_path / "shop.tar")

    assert (files(), connection.introspection.table_names()) == ({}, [])


def test_files_that_cannot_be_written_leave_the_shop_empty(shop, go_to_empty_shop, tmp_path, settings):
    backup.write_backup(tmp_path / "shop.tar")
    go_to_empty_shop()
    settings.MODELS_ROOT = tmp_path / "shop.tar" / "models"

    with pytest.raises(BackupError, match="shop.tar/models/.*/config.json cannot be written: Not a directory"):
        backup.restore_backup(tmp_path / "shop.tar")

    assert (files(), connection.introspection.table_names()) == ({}, [])


@pytest.fixture
def stop_before(monkeypatch):
    """Called, it has this process get a signal when it calls this function next."""

    def prepare(owner, name: str, sign: signal.Signals) -> None:
        call = getattr(owner, name)

        def stop_then_call(*arguments):
            os.kill(os.getpid(), sign)
            return call(*arguments)

        monkeypatch.setattr(owner, name, stop_then_call)

    handlers = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: lambda *_: None,
    }  # a shell's & ignores SIGINT
    former = {sign: signal.signal(sign, handler) for sign, handler in handlers.items()}
    yield prepare
    for sign, handler in former.items():
        signal.signal(sign, handler)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("owner", "name"), [(backup, "load_dump"), (subprocess.Popen, "communicate")])
def test_a_restore_that_is_stopped_leaves_the_shop_empty(
    shop, go_to_empty_shop, tmp_path, stop_before, owner, name, sign
):
    backup.write_backup(tmp_path / "shop.tar")
    go_to_empty_shop()

    stop_before(owner, name, sign)
    with pytest.raises(BackupError, match="stopped; what was written is removed"):
        backup.restore_backup(tmp_path / "shop.tar")

    assert (files(), connection.introspection.table_names()) == ({}, [])


def test_a_backup_that_is_stopped_leaves_no_file(shop, tmp_path, stop_before):
    stop_before(backup, "run_dump", signal.SIGTERM)
    with pytest.raises(BackupError, match="stopped; what was written is removed"):
        backup.write_backup(tmp_path / "shop.tar")

    assert not [path for path in tmp_path.iterdir() if path.is_file()]


def test_a_shop_that_is_not_empty_is_left_alone(shop, go_to_empty_shop, tmp_path, settings):
    backup.write_backup(tmp_path / "shop.tar")
    before, content = files(), rows()

    with pytest.raises(BackupError, match="the database test_.* has [0-9]+ tables; a backup is restored into an empty"):
        backup.restore_backup(tmp_path / "shop.tar")
    assert (files(), rows()) == (before, content)

    media = settings.MEDIA_ROOT
    go_to_empty_shop()
    settings.MEDIA_ROOT = media
    with pytest.raises(BackupError, match="media is not empty: it has .*"):
        backup.restore_backup(tmp_path / "shop.tar")


@pytest.mark.parametrize("name", ["media/../settings.py", "/etc/passwd", "media", "other/file"])
def test_a_name_leads_nowhere_else(name):
    with pytest.raises(BackupError, match="is no name of a file"):
        backup.path_of(name)


def test_a_pooler_is_refused(shop, tmp_path, settings):
    settings.POOLER = True
    with pytest.raises(ImproperlyConfigured, match="a backup needs a session of its own"):
        backup.write_backup(tmp_path / "shop.tar")


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["backup", "TO=a b.tar"], 'manage.py backup "a b.tar"\n'),
        (["restore", "FROM=a.tar"], 'manage.py restore "a.tar"\n'),
        (["restore"], "name the backup: make restore FROM=path.  Stop.\n"),
    ],
)
def test_make_says_where_to_and_from(arguments, printed):
    command = ["make", "--no-print-directory", "--dry-run", "--assume-old", "install", *arguments]
    done = subprocess.run(command, cwd=settings.ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.stdout.endswith(printed)
