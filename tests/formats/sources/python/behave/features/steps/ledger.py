from behave import given, then, when


@given("a balance of {amount:d}")
def balance(context, amount):
    context.balance = amount


@given("a broken ledger")
def broken(context):
    raise RuntimeError("the ledger is locked & lost")


@when("{amount:d} is added")
def add(context, amount):
    context.balance += amount


@then("the balance is {amount:d}")
def check(context, amount):
    assert context.balance == amount, f"expected {amount}, got {context.balance}"
