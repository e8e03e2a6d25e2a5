const assert = require('node:assert')
const test = require('node:test')
const { refund, split } = require('../src/money')

test('refund', () => assert.strictEqual(refund(100, 50), 50))
test('split', async (t) => {
  await t.test('into three', () => assert.deepStrictEqual(split(10, 3), [4, 3, 3]))
})
