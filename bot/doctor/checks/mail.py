"""The mail server: whether it lets the bot in. No letter is sent."""

from __future__ import annotations

import smtplib
import ssl

from bot.doctor.finding import Finding, doubtful, failed, fine, unseen
from bot.doctor.look import Look
from bot.mail.post import ClearTextError, Post
from bot.mailserver import Server
from bot.settings import Name


def server(look: Look) -> Finding:
    """Connect, say hello, encrypt, log in, leave."""
    mail = look.settings.mail
    if mail is None:
        return unseen("no e-mail is to be sent", Name.SMTP_URL)
    try:
        encrypted = Post(mail).knock()
    except ClearTextError:
        remedy = "Write smtps:// in it, or a server that offers STARTTLS."
        return failed(f"{mail.host} would have the password in clear text.", Name.SMTP_URL, remedy)
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError) as error:
        said = f"{mail.host} does not let the bot in ({getattr(error, 'smtp_code', 'no login offered')})."
        return failed(said, Name.SMTP_URL, "Look at user and password in it; a mail provider may want an app password.")
    except ssl.SSLError as error:
        said = f"The connection to {mail.host} cannot be encrypted ({error.reason or type(error).__name__})."
        return failed(said, Name.SMTP_URL, "Look at scheme and port: smtp://…:587 (STARTTLS), smtps://…:465.")
    except (OSError, smtplib.SMTPException) as error:
        return failed(_no_answer(mail, error), Name.SMTP_URL, "Look at host and port, and at the firewall.")
    if not encrypted and not mail.here:
        said = f"{mail.host} offers no encryption: letters go there for all to read."
        return doubtful(said, Name.SMTP_URL, "Write smtps:// in it, or a server that offers STARTTLS.")
    return fine(f"{mail.host} lets the bot in.", Name.SMTP_URL)


def _no_answer(mail: Server, error: Exception) -> str:
    """What the server says in words is not repeated."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return f"{mail.host}:{mail.port} does not answer as a mail server ({reason})."
