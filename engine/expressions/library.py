"""The CEL library without its command line.

`import cel` also loads typer, rich and prompt_toolkit for the library's own prompt: 0.1 s and 24 MB at every start. The
extension module alone is all that is needed.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, FileFinder
from importlib.util import find_spec, module_from_spec
from typing import TYPE_CHECKING, Any, Final

__all__ = ["cel"]

_EXTENSION: Final = "cel.cel"


def _load() -> Any:
    """The extension, under the name the package itself would give it, so that it exists once."""
    if _EXTENSION in sys.modules:
        return sys.modules[_EXTENSION]
    package = find_spec("cel")
    for folder in (package.submodule_search_locations or ()) if package else ():
        found = FileFinder(folder, (ExtensionFileLoader, EXTENSION_SUFFIXES)).find_spec(_EXTENSION)
        if found is not None and found.loader is not None:
            module = module_from_spec(found)
            sys.modules[_EXTENSION] = module
            found.loader.exec_module(module)
            return module
    return importlib.import_module("cel")


if TYPE_CHECKING:
    import cel
else:
    cel = _load()
