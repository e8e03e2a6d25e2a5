Feature: Passing

  Scenario: Adding
    Given a balance of 2
    When 3 is added
    Then the balance is 5
