@money
Feature: Amounts

  Background:
    Given an account

  Scenario: A half goes to the even neighbour
    When 5 is divided by 2
    Then the result is 2

  Scenario: It fails
    When 5 is divided by 2
    Then the result is 3

  Scenario: A step that nobody wrote
    When the moon is full

  Scenario: A step for later
    When it is pending

  @hook
  Scenario: A hook that fails
    When 5 is divided by 2

  Scenario: It is skipped
    When it is skipped
    Then the result is 3

  Scenario: Two steps match
    When it is ambiguous

  Scenario Outline: Parts
    When 10 is split into <ways>
    Then the sum is 10

    Examples:
      | ways |
      | 2    |
      | 3    |
