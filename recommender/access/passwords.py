"""Validators of passwords that Django lacks."""

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError

MAX_LENGTH = 128


class MaximumLengthValidator:
    """Validator of the longest password, as long ones only cost time to hash."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        """Raise ValidationError for a password of more than MAX_LENGTH characters."""
        if len(password) > MAX_LENGTH:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        return f"Your password may have at most {MAX_LENGTH} characters."
