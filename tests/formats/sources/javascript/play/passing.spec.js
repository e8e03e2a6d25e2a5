const { test, expect } = require('@playwright/test')
const { split } = require('../src/money')

test('split', () => {
  expect(split(10, 3)).toEqual([4, 3, 3])
})
