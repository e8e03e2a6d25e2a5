Feature: Refunds

  Scenario: All parts together
    Given an account
    When 10 is split into 4
    Then the sum is 10
