import pytest
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.core.exceptions import ValidationError


def test_a_password_may_be_long_but_not_endless():
    validate_password("ab" * 64)

    with pytest.raises(ValidationError, match="at most 128 characters"):
        validate_password("ab" * 64 + "c")
    assert "Your password may have at most 128 characters." in password_validators_help_texts()
