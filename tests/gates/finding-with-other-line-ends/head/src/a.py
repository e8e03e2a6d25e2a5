import subprocess


def run(name):
    return subprocess.call(name, shell=True)


def stop(name):
    return subprocess.call("stop " + name, shell=True)
