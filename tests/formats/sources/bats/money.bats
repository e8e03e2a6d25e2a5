half() { echo $(($1 / 2)); }

@test "a half goes down" {
  [ "$(half 5)" -eq 2 ]
}

@test "fails <here> & \"there\"" {
  [ "$(half 5)" -eq 3 ]
}

@test "is skipped" {
  skip "needs a printer"
}

@test "leaves with an error" {
  return 7
}
