const { roundHalfEven, split, refund } = require('../src/money')

describe('roundHalfEven', () => {
  it('sends a half to the even neighbour', () => {
    expect(roundHalfEven(5, 2)).toBe(2)
    expect(roundHalfEven(7, 2)).toBe(4)
  })
  it('refuses a whole of nothing', () => {
    expect(() => roundHalfEven(1, 0)).toThrow('positive')
  })
  it('fails <here> & "there"', () => {
    expect(roundHalfEven(5, 2)).toBe(3)
  })
  it('throws \u001b[31mred\u001b[0m', () => {
    throw new Error('no such account ]]> \u0007')
  })
  it.skip('is skipped', () => {})
  it.todo('is to be written')
})

describe('split', () => {
  test.each([1, 2, 3])('into %i parts', (ways) => {
    expect(split(10, ways).reduce((a, b) => a + b)).toBe(10)
  })
  describe('inner', () => {
    beforeAll(() => {
      throw new Error('no database')
    })
    it('never runs', () => {
      expect(refund(1, 1)).toBe(0)
    })
  })
})
