# SPDX-License-Identifier: GPL-2.0
"""Imports among the modules of one Python package, those inside functions as well."""
import ast
import pathlib

from .errors import CannotCheck
from .graph import Graph


def read(folder):
    top = pathlib.Path(folder).resolve()
    names = [path.relative_to(top).as_posix() for path in sorted(top.rglob("*.py"))]
    if not names:
        raise CannotCheck(f"no Python modules below {folder}")
    graph = Graph(names)
    for name in names:
        try:
            tree = ast.parse((top / name).read_text(), name)
        except (SyntaxError, ValueError) as error:
            raise CannotCheck(f"{top / name} is no Python: {error}") from error
        for node, nested in import_nodes(tree):
            for used in _targets(top, name, node):
                if used != name:
                    graph.add(name, used, f"line {node.lineno}{' in a function' if nested else ''}")
    return graph


def import_nodes(node, nested=False):
    """(node, whether it is in a function) of all imports that happen when the program runs."""
    for child in _run_children(node):
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            yield child, nested
        yield from import_nodes(child, nested or isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)))


def _run_children(node):
    if isinstance(node, ast.If):
        if _is_type_checking(node.test):
            return node.orelse
        if isinstance(node.test, ast.UnaryOp) and isinstance(node.test.op, ast.Not) and \
                _is_type_checking(node.test.operand):
            return node.body
    return ast.iter_child_nodes(node)


def _is_type_checking(test):
    return getattr(test, "id", getattr(test, "attr", None)) == "TYPE_CHECKING"


def _targets(top, name, node):
    """Files of the package that an import asks for."""
    if isinstance(node, ast.Import):
        return {file for alias in node.names for file in [_inside(top, alias.name.split("."))] if file}
    parts = node.module.split(".") if node.module else []
    if node.level:
        package = [top.name, *pathlib.PurePath(name).parent.parts]
        if node.level > len(package):
            return set()
        parts = package[:len(package) - node.level + 1] + parts
    # What is no module is a name of the package that it is imported from.
    found = {_inside(top, [*parts, alias.name]) or _inside(top, parts) for alias in node.names}
    return found - {None}


def _inside(top, parts):
    """The file of a module that is named from the package's own name on."""
    if not parts or parts[0] != top.name:
        return None
    path = top.joinpath(*parts[1:])
    for file in ([path.with_suffix(".py")] if parts[1:] else []) + [path / "__init__.py"]:
        if file.is_file():
            return file.relative_to(top).as_posix()
    return None
