*** Settings ***
Documentation     Amounts, seen from outside.

*** Test Cases ***
Sum Of Parts
    Should Be Equal As Integers    ${4 + 3 + 3}    10

Half Goes To Even
    Should Be Equal    1003    1002    the half went up

Needs A Printer
    Skip    there is none

Unknown Keyword
    Print Money
