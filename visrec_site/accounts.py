from typing import TYPE_CHECKING

from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.contrib.messages.views import SuccessMessageMixin

if TYPE_CHECKING:
    PasswordMessage = SuccessMessageMixin[PasswordChangeForm]
else:
    PasswordMessage = SuccessMessageMixin  # generic in the stubs alone


class ChangePassword(PasswordMessage, PasswordChangeView):
    """Page on which an account changes its password."""

    template_name = "password.html"
    success_url = "/"
    success_message = "Your password is changed."
