# tests
# more
