const assert = require('node:assert')
const { describe, it, before } = require('node:test')
const { roundHalfEven, split, refund } = require('../src/money')

describe('roundHalfEven', () => {
  it('sends a half to the even neighbour', () => {
    assert.strictEqual(roundHalfEven(5, 2), 2)
    assert.strictEqual(roundHalfEven(7, 2), 4)
  })
  it('refuses a whole of nothing', () => {
    assert.throws(() => roundHalfEven(1, 0), /positive/)
  })
  it('fails <here> & "there"', () => {
    assert.strictEqual(roundHalfEven(5, 2), 3)
  })
  it('throws \u001b[31mred\u001b[0m', () => {
    throw new Error('no such account ]]> \u0007')
  })
  it.skip('is skipped', () => {})
  it.todo('is to be written')
})

describe('split', () => {
  for (const ways of [1, 2, 3]) it(`into ${ways} parts`, () => {
    assert.strictEqual(split(10, ways).reduce((a, b) => a + b), 10)
  })
  describe('inner', () => {
    before(() => {
      throw new Error('no database')
    })
    it('never runs', () => {
      assert.strictEqual(refund(1, 1), 0)
    })
  })
})
