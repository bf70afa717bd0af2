"""The same stocks on Django REST framework, as a team would write them: one model, one serializer, one view set, pages
by cursor. It keeps its connections to the database open and remembers keys for half a minute, as the gateway does; it is
spared limits, metrics and a log of requests.

    python peer.py migrate     makes the table
    gunicorn peer:application  serves it
"""

import hashlib
import os
import sys
import uuid
from urllib.parse import urlparse

from django.conf import settings

KEY = os.environ["PEER_KEY"]
database = urlparse(os.environ["PEER_POSTGRES"])
settings.configure(
    DEBUG=False,
    SECRET_KEY="a benchmark's",
    ALLOWED_HOSTS=["127.0.0.1"],
    INSTALLED_APPS=["rest_framework"],
    # It says how long an answer is, without which no connection stays open.
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    ROOT_URLCONF="peer",
    USE_TZ=True,
    CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
        "UNAUTHENTICATED_USER": None,
    },
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

import django  # noqa: E402

django.setup()

# The settings name this module; under gunicorn and as a program it is the one that runs now.
sys.modules.setdefault("peer", sys.modules[__name__])

from django.core.cache import cache  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, models  # noqa: E402
from rest_framework import pagination, routers, serializers, viewsets  # noqa: E402
from rest_framework.authentication import BaseAuthentication  # noqa: E402
from rest_framework.exceptions import AuthenticationFailed  # noqa: E402


class ApiKey(models.Model):
    digest = models.CharField(max_length=64, primary_key=True)
    name = models.TextField()

    class Meta:
        app_label = "peer"


class Stock(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.TextField(unique=True)
    version = models.BigIntegerField(default=0)
    oldest_version = models.BigIntegerField(default=0)
    policy = models.JSONField(default=dict)
    policy_version = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "peer"


class Caller:
    is_authenticated = True

    def __init__(self, name):
        self.name = name


class KeyAuthentication(BaseAuthentication):
    def authenticate(self, request):
        word, _, secret = request.headers.get("Authorization", "").partition(" ")
        if word != "Bearer":
            return None
        digest = hashlib.sha256(secret.encode()).hexdigest()
        name = cache.get(digest)
        if name is None:
            key = ApiKey.objects.filter(digest=digest).first()
            if key is None:
                raise AuthenticationFailed("the key is not known")
            name = key.name
            cache.set(digest, name, 30)
        return Caller(name), None


class StockSerializer(serializers.ModelSerializer):
    class Meta:
        model = Stock
        fields = ["id", "name", "version", "oldest_version", "policy", "policy_version", "created_at"]
        read_only_fields = ["version", "oldest_version", "policy_version", "created_at"]


class Pages(pagination.CursorPagination):
    page_size = 100
    ordering = "name"


class StockViewSet(viewsets.ModelViewSet):
    authentication_classes = [KeyAuthentication]
    queryset = Stock.objects.all()
    serializer_class = StockSerializer
    pagination_class = Pages


router = routers.SimpleRouter(trailing_slash=False)
router.register("api/v1/stocks", StockViewSet)
urlpatterns = router.urls
application = get_wsgi_application()

if __name__ == "__main__":
    with connection.schema_editor() as editor:
        editor.create_model(ApiKey)
        editor.create_model(Stock)
    ApiKey.objects.create(digest=hashlib.sha256(KEY.encode()).hexdigest(), name="bench")
