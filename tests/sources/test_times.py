"""Which year lines without one are of."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, datetime

from faultmaven_lib.sources import connect


def test_the_year_of_lines_in_a_gzip_is_told_by_its_header_and_not_by_the_copy(tmp_path) -> None:
    path = tmp_path / "mail.log.gz"
    text = b"Nov 25 20:12:25 shop postfix[7]: connect from unknown\n" * 3
    path.write_bytes(gzip.compress(text, mtime=int(datetime(2021, 11, 25, 21, tzinfo=UTC).timestamp())))
    assert connect(path, kind="logs").query().index[0].year == 2021
    path.write_bytes(gzip.compress(text, mtime=0))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert connect(path, kind="logs").query().index[0].year == 2022
