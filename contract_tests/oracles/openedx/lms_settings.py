"""Django settings of the oracle: Open edX's own values wherever they decide an answer, SQLite in memory otherwise."""

from jwcrypto.jwk import JWK

SECRET_KEY = "oracle-secret-key-of-no-value-0123456789"
DEBUG = False
ALLOWED_HOSTS = ["*"]
USE_TZ = True
TIME_ZONE = "UTC"
ROOT_URLCONF = "lms_urls"
APPEND_SLASH = True
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "oauth2_provider",
    "rest_framework",
    "waffle",
    "csrf.apps.CsrfAppConfig",
    "oracle_app",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "edx_rest_framework_extensions.auth.jwt.middleware.EnsureJWTAuthSettingsMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
LOGIN_URL = "/login"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": True,
    "handlers": {"null": {"class": "logging.NullHandler"}},
    "root": {"handlers": ["null"]},
}

_SIGNING_KEY = JWK.generate(kty="RSA", size=2048, kid="oracle")
OAUTH2_PROVIDER = {
    "OAUTH2_VALIDATOR_CLASS": "oracle_app.oauth.Validator",
    "SCOPES_BACKEND_CLASS": "oracle_app.oauth.ApplicationScopes",
    "REFRESH_TOKEN_EXPIRE_SECONDS": 7776000,
    "SCOPES": {
        "read": "Read access",
        "write": "Write access",
        "email": "Know your email address",
        "profile": "Know your name and username",
        "certificates:read": "Retrieve your course certificates",
        "grades:read": "Retrieve your grades for your enrolled courses",
        "tpa:read": "Retrieve your third-party authentication username mapping",
        "user_id": "Know your user identifier",
    },
    "DEFAULT_SCOPES": ["read", "write", "email", "profile"],
    "REQUEST_APPROVAL_PROMPT": "auto_even_if_expired",
    "ERROR_RESPONSE_WITH_SCOPES": True,
    "PKCE_REQUIRED": False,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["http", "https"],
}
JWT_ISSUER = "http://127.0.0.1:8000/oauth2"
JWT_AUDIENCE = "openedx"
JWT_SECRET = "oracle-jwt-secret-of-no-value-0123456789abcdef"
JWT_EXPIRE_SECONDS = 3600
JWT_PRIVATE_JWK = _SIGNING_KEY.export(private_key=True)
JWT_PUBLIC_JWKS = '{"keys": [' + _SIGNING_KEY.export_public() + "]}"
JWT_AUTH = {
    "JWT_ALGORITHM": "HS256",
    "JWT_SECRET_KEY": JWT_SECRET,
    "JWT_ISSUER": JWT_ISSUER,
    "JWT_AUDIENCE": JWT_AUDIENCE,
    "JWT_ISSUERS": [{"AUDIENCE": JWT_AUDIENCE, "ISSUER": JWT_ISSUER, "SECRET_KEY": JWT_SECRET}],
    "JWT_PUBLIC_SIGNING_JWK_SET": JWT_PUBLIC_JWKS,
    "JWT_LEEWAY": 1,
    "JWT_VERIFY_AUDIENCE": True,
    "JWT_VERIFY_EXPIRATION": True,
    "JWT_AUTH_HEADER_PREFIX": "JWT",
    "JWT_AUTH_COOKIE": "edx-jwt-cookie",
    "JWT_AUTH_COOKIE_HEADER_PAYLOAD": "edx-jwt-cookie-header-payload",
    "JWT_AUTH_COOKIE_SIGNATURE": "edx-jwt-cookie-signature",
    "JWT_DECODE_HANDLER": "edx_rest_framework_extensions.auth.jwt.decoder.jwt_decode_handler",
    "JWT_PAYLOAD_GET_USERNAME_HANDLER": "oracle_app.oauth.username_of",
}
EDX_DRF_EXTENSIONS = {
    "JWT_PAYLOAD_USER_ATTRIBUTE_MAPPING": {"administrator": "is_staff", "email": "email"},
    "OAUTH2_USER_INFO_URL": "http://127.0.0.1:8000/oauth2/user_info",
}
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "URL_FORMAT_OVERRIDE": None,
}
