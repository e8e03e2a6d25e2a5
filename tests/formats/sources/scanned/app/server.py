import hashlib
import pickle
import subprocess

PASSWORD = "correct horse"


def run(command):
    return subprocess.run(command, shell=True)


def digest(data):
    return hashlib.md5(data).hexdigest()


def load(data):
    return pickle.loads(data)  # nosec B301


def calculate(text):
    return eval(text)  # nosemgrep


def other(text):
    return eval(text)


def unused():
    import os
    x = 1
