const { test, expect } = require('@playwright/test')
const { roundHalfEven, split } = require('../src/money')

let attempts = 0

test.describe('roundHalfEven', () => {
  test('sends a half to the even neighbour', () => {
    expect(roundHalfEven(5, 2)).toBe(2)
  })
  test('fails', () => {
    expect(roundHalfEven(5, 2)).toBe(3)
  })
  test.skip('is skipped', () => {})
  test.fixme('is to be fixed', () => {})
  test('fails as expected', () => {
    test.fail()
    expect(1).toBe(2)
  })
  test('passes though it should fail', () => {
    test.fail()
  })
})

test('needs a second attempt', ({}, info) => {
  expect(info.retry).toBe(1)
})

test('takes too long', async () => {
  test.setTimeout(50)
  await new Promise((done) => setTimeout(done, 5000))
})

test('split', () => {
  expect(split(10, 3)).toEqual([4, 3, 3])
})
