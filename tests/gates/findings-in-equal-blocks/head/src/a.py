import subprocess


def start():
    return 1


def first():
    subprocess.call("x", shell=True)


def second():
    subprocess.call("x", shell=True)
