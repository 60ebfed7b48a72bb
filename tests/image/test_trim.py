import shutil
import subprocess
import sys
from pathlib import Path

import cryptography.hazmat.bindings._rust as compiled
import pytest

from image.trim import shorten, trim

UNREAD = (
    "numpy/_core/tests/test_array.py",
    "Crypto/SelfTest/run.py",
    "numpy/__init__.pyi",
    "numpy/_core/include/numpy/ndarrayobject.h",
    "av/frame.pxd",
    "node_modules/npm/index.js",
    "faker/providers/address/de_DE/__init__.py",
)
READ = (
    "numpy/__init__.py",
    "numpy/testing/__init__.py",
    "faker/providers/address/en_US/__init__.py",
    "faker/providers/bank/en_GB/__init__.py",
    "faker/providers/lorem/la/__init__.py",
)


def test_only_what_nobody_reads_goes(tmp_path: Path) -> None:
    for name in (*UNREAD, *READ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    trim(tmp_path)

    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")) == sorted(READ)


def test_a_shortened_library_still_loads(tmp_path: Path) -> None:
    source = Path(compiled.__file__)
    library = tmp_path / source.name
    shutil.copy(source, library)

    shorten(library)

    loading = (
        "import importlib.util, sys; spec = importlib.util.spec_from_file_location('_rust', sys.argv[1]); "
        "print(importlib.util.module_from_spec(spec).__name__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", loading, library], capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("_rust\n", "")
    assert library.stat().st_size < source.stat().st_size


@pytest.mark.parametrize("content", [b"", b"text, no library", b"\x7fELF\x01" + bytes(60)])
def test_what_is_no_library_of_this_kind_stays_as_it_is(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "library.so"
    file.write_bytes(content)

    shorten(file)

    assert file.read_bytes() == content
