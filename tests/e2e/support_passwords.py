"""Hashes of passwords as others make them."""
import base64
import hashlib
import os


def without_padding(raw):
    return base64.b64encode(raw).decode().rstrip("=")


def scrypt(password, ln=12):
    """As Python makes one, with a salt of its own."""
    salt = os.urandom(16)
    raw = hashlib.scrypt(password.encode(), salt=salt, n=1 << ln, r=8, p=1, maxmem=1 << 28, dklen=32)
    return f"$scrypt$ln={ln},r=8,p=1${without_padding(salt)}${without_padding(raw)}"


def pbkdf2(password, iterations=2000):
    """In the notation of passlib."""
    salt = os.urandom(16)
    raw = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    parts = [without_padding(part).replace("+", ".") for part in (salt, raw)]
    return f"$pbkdf2-sha256${iterations}${parts[0]}${parts[1]}"
