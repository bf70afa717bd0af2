"""The same seven steps on Django, Celery and Pillow, as a team would write them: a chain of one job each.

    python peer.py make DIR N    makes N JPEGs
    python peer.py migrate       makes the table
    python peer.py submit N HOOK submits N assets by turns, with two webhooks each, without HTTP
    celery -A peer worker        does the work
"""

import os
import sys
import uuid

from celery import Celery, chain
from django.conf import settings

if not settings.configured:
    from urllib.parse import urlparse

    database = urlparse(os.environ.get("PEER_POSTGRES", "postgres://postgres@127.0.0.1/postgres"))
    settings.configure(
        INSTALLED_APPS=[],
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": database.path[1:],
                "USER": database.username,
                "PASSWORD": database.password or "",
                "HOST": database.hostname,
                "PORT": database.port or 5432,
                "CONN_MAX_AGE": None,
            }
        },
    )
    import django

    django.setup()

from django.core.exceptions import ValidationError  # noqa: E402
from django.core.validators import URLValidator  # noqa: E402
from django.db import connection, models  # noqa: E402


class Asset(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    path = models.TextField()
    on_start = models.TextField(null=True)
    on_success = models.TextField(null=True)
    on_failure = models.TextField(null=True)
    state = models.TextField(default="queued")
    errors = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        app_label = "peer"


app = Celery("peer", broker=os.environ.get("PEER_BROKER", "redis://127.0.0.1:6379/5"))
app.conf.update(
    task_ignore_result=True,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    task_default_queue=os.environ.get("PEER_QUEUE", "peer"),
)


def call(url, body):
    import requests

    requests.post(url, json=body, timeout=10)


def add_error(asset, key, text):
    asset.errors.setdefault(key, []).append(text)
    asset.save()


@app.task
def start(id):
    asset = Asset.objects.get(id=id)
    asset.state = "in_progress"
    asset.save()
    if asset.on_start:
        call(asset.on_start, {"id": str(asset.id), "state": asset.state})
    return id


@app.task
def check_urls(id):
    asset = Asset.objects.get(id=id)
    for key, url in (("onStart", asset.on_start), ("onSuccess", asset.on_success), ("onFailure", asset.on_failure)):
        try:
            if url:
                URLValidator()(url)
        except ValidationError:
            add_error(asset, key, f"`{url}`is not a valid URL")
    return id


@app.task
def check_path(id):
    asset = Asset.objects.get(id=id)
    if not os.path.exists(asset.path):
        add_error(asset, "onStart", "Asset path is not reachable.")
    return id


@app.task
def check_image(id):
    from PIL import Image, UnidentifiedImageError

    asset = Asset.objects.get(id=id)
    try:
        Image.open(asset.path)
    except UnidentifiedImageError:
        add_error(asset, "asset", "Asset is not an image.")
    return id


@app.task
def check_jpeg(id):
    from PIL import Image

    asset = Asset.objects.get(id=id)
    image = Image.open(asset.path)
    if image.format != "JPEG":
        add_error(asset, "asset", f"Assets must be a JPEG, the provided image is a {image.format}")
    return id


@app.task
def check_dimensions(id):
    from PIL import Image

    asset = Asset.objects.get(id=id)
    width, height = Image.open(asset.path).size
    if width > 1000 or height > 1000:
        add_error(asset, "asset", f"Asset is {width}x{height}px.")
    return id


@app.task
def end(id):
    asset = Asset.objects.get(id=id)
    asset.state = "failed" if asset.errors else "complete"
    asset.save()
    if asset.errors and asset.on_failure:
        call(asset.on_failure, {"id": str(asset.id), "state": asset.state, "errors": asset.errors})
    if not asset.errors and asset.on_success:
        call(asset.on_success, {"id": str(asset.id), "state": asset.state})


STEPS = [start, check_urls, check_path, check_image, check_jpeg, check_dimensions, end]


def submit(path, hook):
    asset = Asset.objects.create(path=path, on_start=hook, on_success=hook, on_failure=hook)
    first, *rest = STEPS
    chain(first.s(str(asset.id)), *(step.s() for step in rest)).apply_async()


if __name__ == "__main__":
    if sys.argv[1] == "make":
        from PIL import Image

        for index in range(int(sys.argv[3])):
            image = Image.effect_noise((320, 200), 20 + index % 40).convert("RGB")
            image.save(os.path.join(sys.argv[2], f"{index}.jpg"), quality=60)
    elif sys.argv[1] == "migrate":
        with connection.schema_editor() as editor:
            editor.create_model(Asset)
    elif sys.argv[1] == "submit":
        folder = os.environ["PEER_ASSETS"]
        files = sorted(os.listdir(folder))
        for index in range(int(sys.argv[2])):
            submit(os.path.join(folder, files[index % len(files)]), sys.argv[3])
