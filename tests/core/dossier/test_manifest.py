from __future__ import annotations

import pytest

from mailer.dossier.manifest import closing_entries, manifest
from tests.core.dossier.made import sha


def test_a_line_per_file_sorted_by_path_as_sha256sum_writes_it() -> None:
    assert manifest({"data/b": "22", "data/a é": "11"}) == "11  data/a é\n22  data/b\n".encode()


def test_the_two_lists_cover_every_file_between_them() -> None:
    first, second = closing_entries({"README.txt": "33", "data/a": "11"})
    assert (first.path, first.content) == ("manifest-sha256.txt", b"11  data/a\n")
    assert second.path == "tagmanifest-sha256.txt"
    assert second.content == f"33  README.txt\n{sha(first.content)}  manifest-sha256.txt\n".encode()


@pytest.mark.parametrize("path", ["data/a\nb", "data/a\\b", "data/\r", "data/\0", "/etc/passwd", "data/../x", ".."])
def test_a_path_that_could_forge_a_line_or_leave_the_folder_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="cannot stand in a manifest"):
        manifest({path: "11"})
