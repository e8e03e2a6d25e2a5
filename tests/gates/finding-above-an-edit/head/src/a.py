import os
import subprocess


def run(name):
    return subprocess.call(name, shell=True)


def end(name):
    return subprocess.call("stop " + name, shell=True)
