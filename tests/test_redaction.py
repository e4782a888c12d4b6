"""Redaction: nothing on the labelled list gets through, ordinary lines stay as they are."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.redaction import Redactor, redactor, secret_field

KEY = b"a key for tests"
# Assembled, so that no scanner takes this file for a leak.
GITHUB = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
AWS_ID, AWS_SECRET = "AKIA" + "IOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"
SLACK, STRIPE = "xoxb-" + "123456789012-abcdefGHIJKL", "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
GOOGLE, JWT = (
    "AIza" + "SyA1234567890abcdefghijklmnopqrstuv",
    "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
)
BODY = "MIIEpAIBAAKCAQEA7bq\nZx9/+aGZ0c2VjcmV0\nYWJjZGVm"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\n-----END RSA PRIVATE KEY-----"

SECRETS: list[tuple[str, str, str]] = [
    (f"loaded key {PEM} ok", "YWJjZGVm", "private_key"),
    (f"cut off {PEM[:70]}", "MIIEpAIBAAKCAQEA7bq", "private_key"),
    (json.dumps({"msg": PEM}), "YWJjZGVm", "private_key"),
    (f"using {AWS_ID} in eu-west-1", AWS_ID, "api_key"),
    (f"aws_secret_access_key = {AWS_SECRET}", AWS_SECRET, "api_key"),
    (f"AWS_SECRET_ACCESS_KEY={AWS_SECRET} ./run", AWS_SECRET, "api_key"),
    (f'{{"SecretAccessKey": "{AWS_SECRET}"}}', AWS_SECRET, "api_key"),
    (f"git clone https://{GITHUB}@github.com/org/repo", GITHUB, "token"),
    (f"remote said: bad credentials {GITHUB}", GITHUB, "token"),
    ("pat github_pat_" + "11ABCDEFG0abcdefghij_klmnop", "klmnop", "token"),
    ("glpat-" + "abcDEF123456ghiJKL78 expired", "ghiJKL78", "token"),
    (f"posting with {SLACK}", SLACK, "token"),
    ("https://hooks.slack.com/services/T0001/B0002/" + "abcdefghijklmnop", "abcdefghijklmnop", "token"),
    (f"charge failed key {STRIPE}", STRIPE, "api_key"),
    (f"maps?key={GOOGLE}&v=3", GOOGLE, "api_key"),
    (f"got {JWT} from caller", "c2lnbmF0dXJl", "token"),
    ("Authorization: Bearer abcdef", "abcdef", "authorization"),
    ("authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz", "authorization"),
    ('headers={"Authorization": "Token 0123abcd"}', "0123abcd", "authorization"),
    ("curl -H 'Authorization: Bearer s3cr3t-abc' http://api", "s3cr3t-abc", "authorization"),
    ("sent bearer 9f8e7d6c5b4a3210", "9f8e7d6c5b4a3210", "token"),
    ("X-Api-Key: 12345-abcde", "12345-abcde", "api_key"),
    ("api_key=deadbeef01", "deadbeef01", "api_key"),
    ("apikey: deadbeef01", "deadbeef01", "api_key"),
    ("password=hunter2", "hunter2", "password"),
    ("password: hunter2", "hunter2", "password"),
    ("passwd:hunter2,", "hunter2", "password"),
    ("Password = 'hun ter2'", "hun ter2", "password"),
    ('password="hun\\"ter2" next', "ter2", "password"),
    ('"password": "hunter2"', "hunter2", "password"),
    ('{\\"password\\": \\"hunter2\\"}', "hunter2", "password"),
    ("{'password': 'hunter2', 'user': 'x'}", "hunter2", "password"),
    ('{"password":12345678}', "12345678", "password"),
    ("password=hunter,2;rest", "2;rest", "password"),
    ("Server=db;Password=hunter2;Database=x", "hunter2", "password"),
    ("host=db user=shop password=hunter2 dbname=shop", "hunter2", "password"),
    ("PGPASSWORD=hunter2 psql", "hunter2", "password"),
    ("db_password => hunter2", "hunter2", "password"),
    ("mysql --password hunter2 -u root", "hunter2", "secret"),
    ("cli --api-key abcd1234 run", "abcd1234", "secret"),
    ("ALTER USER shop WITH PASSWORD 'hunter2'", "hunter2", "password"),
    ("CREATE USER x IDENTIFIED BY 'hunter2'", "hunter2", "password"),
    ("pass=hunter2", "hunter2", "password"),
    ("client_secret=abc123def", "abc123def", "secret"),
    ("SECRET_KEY='django-insecure-1'", "django-insecure-1", "api_key"),
    ('"token": "abc123"', "abc123", "token"),
    ("token=abc", "abc", "token"),
    ("access_token=ya.abc&expires=1", "ya.abc", "token"),
    ("/callback?access_token=q1w2e3&x=1", "q1w2e3", "token"),
    ("refreshToken: a1b2c3d4", "a1b2c3d4", "token"),
    ("csrftoken=Zm9vYmFy", "Zm9vYmFy", "token"),
    ("Cookie: session=abc; theme=dark", "session=abc", "cookie"),
    ("Set-Cookie: sid=s3ss10n; HttpOnly", "s3ss10n", "cookie"),
    ("JSESSIONID=0A1B2C3D", "0A1B2C3D", "token"),
    ("postgres://shop:hunter2@db:5432/shop", "hunter2", "password"),
    ("postgresql+psycopg://shop:p@ss@db.example.com/shop", "p@ss", "password"),
    ("amqp://u:p/w0@rabbit/", "p/w0", "password"),
    ("redis://:hunter2@cache:6379/0", "hunter2", "password"),
    ("mongodb+srv://u:hunter2@c0.abc.mongodb.net", "hunter2", "password"),
    ("https://ann:hunter2@example.com/x?mail=no", "hunter2", "password"),
    ("root:hunter2@tcp(db:3306)/shop", "hunter2", "password"),
    ("jdbc:mysql://db/shop?user=u&password=hunter2&ssl=1", "hunter2", "password"),
    ("DefaultEndpointsProtocol=https;AccountKey=abc123==;x=y", "abc123", "api_key"),
    ("https://x.blob.core.windows.net/c?sv=1&sig=abcdefghijk%3D", "abcdefghijk", "token"),
    ("https://s3/x?X-Amz-Signature=0123456789abcdef", "0123456789abcdef", "secret"),
    ("mail to ann@example.com bounced", "ann@example.com", "email"),
    ("user=ann.lee+test@mail.example.co.uk", "ann.lee", "email"),
    ("GET /u?email=ann%40example.com HTTP/1.1", "ann%40example.com", "email"),
    ("O'Neil <o'neil@example.org> wrote", "neil@example.org", "email"),
    ("jürgen@example.de wrote", "jürgen", "email"),
    ("card 4111 1111 1111 1111 declined", "1111", "card"),
    ("pan=4111111111111111,next", "4111111111111111", "card"),
    ('{"card":"3782-822463-10005"}', "822463", "card"),
    ("paid from DE89370400440532013000.", "DE89370400440532013000", "iban"),
    ("to GB29 NWBK 6016 1331 9268 19 sent", "NWBK", "iban"),
    ("called +44 20 7946 0958 twice", "7946", "phone"),
    ("sms to 2025550143 failed", "2025550143", "phone"),
    ("phone: 030 1234567", "1234567", "phone"),
    ("fax (212) 555-0143", "555-0143", "phone"),
    ("reach me at 212-555-0143", "0143", "phone"),
    ("\"mobile\": \"+15551234567\"", "5551234567", "phone"),
]  # fmt: skip

INNOCENT = [
    "deploy 3f2a9c1b7d4e5f60718293a4b5c6d7e8f9012345 to prod",
    "request 550e8400-e29b-41d4-a716-446655440000 done",
    "trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7",
    "connect to 10.0.0.12:5432 and [2001:db8::1]:443 failed",
    "invalid token in header",
    "Unexpected token < in JSON at position 0",
    "unexpected token: expected a comma",
    "token expired, refreshing token",
    "prompt_tokens=512 completion_tokens=33 max_tokens: 4096",
    "pod checkout-7d9f8b6c5d-x2x9z restarted",
    "password authentication failed for user shop",
    "password: required",
    'password=null token=""',
    "primary key constraint orders_pkey, key (id)=(42) exists",
    "key=value other=thing",
    "http://checkout:8080/cart?item=3",
    "http://127.0.0.1:8001/x@y",
    'upstream: "http://127.0.0.1:8001/checkout", host: "shop"',
    "UPDATE users SET password = $1 WHERE id = $2",
    "getty@tty1.service: Succeeded",
    "user@1000.service started",
    "lodash@4.17.21 installed, python3-jwt:amd64 configured",
    "git@github.com:org/repo.git",
    "user=shop@shop database",
    "PWD=/home/app ; USER=root ; COMMAND=/bin/ls",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "basic authentication required, bearer authentication missing",
    "secretary sketch-pad tasks-abcdefghijklmnopqrstuvwxyz",
    "kind: Secret, name: db-credentials-volume",
    "GET /static/app.4f3c2b1a.js HTTP/1.1 200",
    "2026-03-01T14:02:11.123Z ERROR payment: card gateway timed out after 3000ms",
    "still waiting for ShareLock on transaction 1234 after 1000.123 ms",
    "order 4111111111111112 paid, next 4111111111111113",
    "epoch 1767225600123456789 at offset +0200, lag +1432576",
    "uuid 41111111-1111-1111-1111-111111111111",
    "AB12CDEF0123456789ABCDEF DE88370400440532013000",
    "microphone: 1234567, telnet 10.0.0.1 5432, hotel 1234567",
    "2026-11-25 14:02:11.123456 +02:00 took +1234 ms",
    "ISBN 978-3-16-148410-0, range 1000-2000-3000",
]


@pytest.mark.parametrize(("line", "secret", "kind"), SECRETS, ids=[s[0][:40] for s in SECRETS])
def test_a_secret_is_replaced_and_its_kind_named(line: str, secret: str, kind: str) -> None:
    r = Redactor(KEY)
    redacted = r.redact(line)
    assert secret not in redacted
    assert f"<{kind}:" in redacted
    assert r.counts[kind] == 1
    assert r.redact(redacted) == redacted
    # A column goes through the fast search for candidates first: it must find the same.
    assert Redactor(KEY).redact_series(pd.Series([line, "x"]), name="message").tolist() == [redacted, "x"]


@pytest.mark.parametrize("line", INNOCENT)
def test_an_ordinary_line_stays(line: str) -> None:
    assert Redactor(KEY).redact(line) == line


def test_what_stands_around_a_secret_stays() -> None:
    r = Redactor(KEY)
    url = r.redact("connecting to postgres://shop:hunter2@db:5432/shop?sslmode=off now")
    assert url.startswith("connecting to postgres://shop:<password:")
    assert url.endswith(">@db:5432/shop?sslmode=off now")
    assert r.redact("user=a, password=b, host=c").endswith(", host=c")


def test_equal_values_have_equal_tokens_under_one_key_only() -> None:
    one, two = Redactor(KEY), Redactor(b"another key")
    first = one.redact("a@example.com b@example.com a@example.com").split()
    assert first[0] == first[2] != first[1]
    assert one.redact("a@example.com") != two.redact("a@example.com")
    assert one.key_id != two.key_id
    assert len(one.key_id) == 8


_pieces = st.one_of(
    st.sampled_from([s[0] for s in SECRETS] + INNOCENT),
    st.sampled_from(
        ["password=", "token:", "<email:0123456789>", '"', "'", "\\", "@", "://", " ", ";", "Cookie: ", "\n", "Bearer "]
    ),
    st.text(max_size=12),
)


@given(st.lists(_pieces, max_size=6).map("".join))
def test_redacting_twice_changes_nothing(text: str) -> None:
    r = Redactor(KEY)
    once = r.redact(text)
    assert r.redact(once) == once
    assert Redactor(KEY).redact_series(pd.Series([text], dtype="str"), name="message").iloc[0] == once


@given(st.sampled_from(SECRETS), st.text("abc ,.;:()[]{}\n\t", max_size=20), st.text("xyz ,.;)]\n\t", max_size=20))
def test_a_secret_is_found_wherever_it_stands(labelled: tuple[str, str, str], before: str, after: str) -> None:
    line, secret, _ = labelled
    assert secret not in Redactor(KEY).redact(f"{before} {line} {after}")


def test_fields_with_telling_names_are_replaced_wholly() -> None:
    frame = pd.DataFrame(
        {
            "password": ["one two", "", None],
            "auth.token": ["t1", "t1", "t2"],
            "authorization": ["Basic x", None, None],
            "prompt_tokens": [1, 2, 3],
            "message": ["a@example.com", "plain", "plain"],
        }
    )
    r = Redactor(KEY)
    clean = r.redact_frame(frame)
    assert clean["password"].iloc[0].startswith("<password:")
    assert clean["password"].iloc[1] == ""
    assert clean["auth.token"].iloc[0] == clean["auth.token"].iloc[1] != clean["auth.token"].iloc[2]
    assert clean["authorization"].iloc[0].startswith("<authorization:")
    assert clean["prompt_tokens"].tolist() == [1, 2, 3]
    assert dict(r.counts) == {"password": 1, "token": 3, "authorization": 1, "email": 1}
    assert frame["password"].iloc[0] == "one two"
    assert r.redact_frame(clean).equals(clean)


@pytest.mark.parametrize(
    "name", ["password", "db.Password", "accessToken", "api_key", "X-Api-Key", "set-cookie", "clientSecret"]
)
def test_names_of_secret_fields(name: str) -> None:
    assert secret_field(name)


@pytest.mark.parametrize("name", ["message", "key", "token_type", "tokens", "author", "password_changed_at", "monkey"])
def test_names_of_ordinary_fields(name: str) -> None:
    assert secret_field(name) is None


def test_a_long_hostile_text_takes_no_long_time() -> None:
    import time

    started = time.perf_counter()
    for unit in (
        "a@",
        "password=",
        "://:",
        "aaaa.",
        "-----BEGIN PRIVATE KEY-----",
        "eyJ",
        'token="',
        "Bearer a",
        "[,;&",
        '\\"token\\":',
    ):
        Redactor(KEY).redact((unit * 65_536)[:65_536])
    assert time.perf_counter() - started < 20


class TestTheKeyOfTheInstallation:
    def test_it_is_made_once_private_and_kept(self, tmp_path, monkeypatch) -> None:
        monkeypatch.setenv("FAULTMAVEN_HOME", str(tmp_path / "home"))
        monkeypatch.delenv("FAULTMAVEN_REDACTION_KEY", raising=False)
        first = redactor()
        assert (tmp_path / "home" / "redaction.key").stat().st_mode & 0o777 == 0o600
        assert redactor().key_id == first.key_id
        assert redactor().redact("password=x") == first.redact("password=x")
        assert list((tmp_path / "home").iterdir()) == [tmp_path / "home" / "redaction.key"]

    def test_processes_that_start_at_once_agree(self, tmp_path) -> None:
        code = "from faultmaven_lib.redaction import redactor; print(redactor().key_id)"
        env = {k: v for k, v in os.environ.items() if k != "FAULTMAVEN_REDACTION_KEY"}
        env["FAULTMAVEN_HOME"] = str(tmp_path / "home")
        running = [subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE) for _ in range(4)]
        ids = {p.communicate()[0].strip() for p in running}
        assert len(ids) == 1
        assert len(ids.pop()) == 8

    def test_the_setting_goes_before_the_file(self, tmp_path, monkeypatch) -> None:
        monkeypatch.setenv("FAULTMAVEN_HOME", str(tmp_path))
        monkeypatch.setenv("FAULTMAVEN_REDACTION_KEY", "from the environment")
        assert redactor().key_id == Redactor(b"from the environment").key_id
        assert not list(tmp_path.iterdir())

    def test_redaction_can_be_turned_off(self, monkeypatch) -> None:
        monkeypatch.setenv("FAULTMAVEN_REDACT", "false")
        assert redactor().key_id == ""
        assert redactor().redact("password=x") == "password=x"

    def test_an_empty_key_file_is_refused(self, tmp_path, monkeypatch) -> None:
        monkeypatch.setenv("FAULTMAVEN_HOME", str(tmp_path))
        monkeypatch.delenv("FAULTMAVEN_REDACTION_KEY", raising=False)
        (tmp_path / "redaction.key").touch()
        with pytest.raises(SourceError, match=r"redaction\.key is empty or too short"):
            redactor()

    def test_without_a_place_to_keep_it_a_note_says_so(self, tmp_path, monkeypatch) -> None:
        (tmp_path / "file").touch()
        monkeypatch.setenv("FAULTMAVEN_HOME", str(tmp_path / "file" / "home"))
        monkeypatch.delenv("FAULTMAVEN_REDACTION_KEY", raising=False)
        assert "this process only" in redactor().note
        assert redactor().key_id == redactor().key_id != ""


def test_base64_of_a_basic_header_is_found() -> None:
    value = base64.b64encode(b"user:password").decode()
    assert value not in Redactor(KEY).redact(f"proxy sent Basic {value} upstream")


def test_numbers_of_one_person_have_one_token_however_they_are_grouped() -> None:
    r = Redactor(KEY)
    spellings = ["4111 1111 1111 1111", "4111-1111-1111-1111", "4111111111111111"]
    assert len({r.redact(f"card {text}") for text in spellings}) == 1
    assert r.redact("tel (212) 555-0143") == r.redact("tel 212.555.0143")


def test_fields_named_for_a_number_hold_one_even_as_a_number() -> None:
    frame = pd.DataFrame(
        {"cardNumber": [4111111111111111, 7], "phone": ["030 1234567", None], "count": [4111111111111111, 1]}
    )
    clean = Redactor(KEY).redact_frame(frame)
    assert clean["cardNumber"].tolist()[0].startswith("<card:")
    assert clean["cardNumber"].tolist()[1] == 7
    assert clean["phone"].iloc[0].startswith("<phone:")
    assert clean["count"].tolist() == [4111111111111111, 1]
    missing = pd.Series([4111111111111111.0, float("nan")], name="card_number")
    assert Redactor(KEY).redact_series(missing).iloc[0] == clean["cardNumber"].iloc[0]


def test_addresses_go_only_where_a_team_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    line = "from 203.0.113.7:80 to [2001:db8::1]:443, not ::1 or 127.0.0.1, at 12:30:45 by v1.2.3.4.5"
    assert redactor().redact(line) == line
    monkeypatch.setenv("FAULTMAVEN_REDACT_IP", "true")
    clean = redactor().redact(line)
    assert "203.0.113.7" not in clean
    assert "2001:db8" not in clean
    assert clean.count("<ip:") == 2
    assert clean.endswith("not ::1 or 127.0.0.1, at 12:30:45 by v1.2.3.4.5")
    assert redactor().redact_series(pd.Series([line]), name="message").tolist() == [clean]
