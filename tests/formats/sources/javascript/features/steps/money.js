const assert = require('node:assert')
const { Given, When, Then, Before } = require('@cucumber/cucumber')
const { roundHalfEven, split } = require('../../src/money')

Before({ tags: '@hook' }, () => {
  throw new Error('the hook fails')
})
Given('an account', () => {})
When('{int} is divided by {int}', function (part, whole) {
  this.result = roundHalfEven(part, whole)
})
When('{int} is split into {int}', function (cents, ways) {
  this.parts = split(cents, ways)
})
Then('the result is {int}', function (expected) {
  assert.strictEqual(this.result, expected)
})
Then('the sum is {int}', function (expected) {
  assert.strictEqual(this.parts.reduce((a, b) => a + b), expected)
})
When('it is pending', () => 'pending')
When('it is skipped', () => 'skipped')
When('it is ambiguous', () => {})
When(/^it is ambi.*$/, () => {})
