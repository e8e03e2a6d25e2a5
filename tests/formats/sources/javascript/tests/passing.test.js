const { refund, split } = require('../src/money')

test('refund', () => expect(refund(100, 50)).toBe(50))
test('split', () => expect(split(10, 3)).toEqual([4, 3, 3]))
