# fewer tests
