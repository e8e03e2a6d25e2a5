Feature: Ledger

  Scenario: Adding
    Given a balance of 2
    When 3 is added
    Then the balance is 5

  Scenario: Rounding
    Given a balance of 2
    When 1 is added
    Then the balance is 4

  Scenario: Breaking
    Given a broken ledger

  Scenario: Unknown steps
    Given nobody knows this step

  @skip
  Scenario: Later
    Given a balance of 2

  Scenario Outline: Doubling
    Given a balance of <amount>
    When <amount> is added
    Then the balance is <double>

    Examples:
      | amount | double |
      | 1      | 2      |
      | 2      | 4      |
