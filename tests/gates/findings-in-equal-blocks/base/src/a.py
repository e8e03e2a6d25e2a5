import subprocess


def first():
    subprocess.call("x", shell=True)


def second():
    subprocess.call("x", shell=True)
