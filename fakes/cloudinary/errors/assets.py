"""Assets and folders: what is not there, and what is in the way."""

from fakes.cloudinary.errors.answers import refused
from fakes.kit.errors import ProviderError


def not_found(public_id: str) -> ProviderError:
    """No asset has this id."""
    return refused(404, f"Resource not found - {public_id}")


def already_exists(public_id: str) -> ProviderError:
    """A rename onto an asset that exists, without overwrite."""
    return refused(400, f"to_public_id {public_id} already exists")


def invalid_public_id(public_id: str) -> ProviderError:
    """The public id holds characters that are not allowed, or too many."""
    return refused(400, f"public_id ({public_id[:100]}) is invalid")  # guess: wording


def nothing_to_archive() -> ProviderError:
    """No asset fits what an archive is asked for."""
    return refused(404, "No resources were found to archive")  # guess: wording


def too_many_files(kind: str, most: int) -> ProviderError:
    """An archive, or a picture, of too many files or pages."""
    return refused(400, f"Too many files to {kind}. Maximum is {most}.")  # guess: wording


def folder_not_found(path: str) -> ProviderError:
    """No folder has this path."""
    return refused(404, f"Can't find folder with path {path}")


def source_folder_not_found() -> ProviderError:
    """There is no folder to be moved."""
    return refused(400, "Cannot find source folder")


def folder_exists(path: str) -> ProviderError:
    """A folder cannot be moved to where another one is."""
    return refused(409, f"Folder with path {path} already exists")  # guess: wording


def folder_into_itself(path: str) -> ProviderError:
    """A folder cannot be moved below itself."""
    return refused(400, f"Cannot move folder {path} into itself")  # guess: wording


def folder_not_empty() -> ProviderError:
    """Only empty folders can be deleted."""
    return refused(400, "Folder is not empty")  # guess: wording
