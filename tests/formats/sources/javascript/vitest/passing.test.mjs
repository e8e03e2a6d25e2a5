import { test, expect } from 'vitest'
import money from '../src/money.js'

test('refund', () => expect(money.refund(100, 50)).toBe(50))
test('split', () => expect(money.split(10, 3)).toEqual([4, 3, 3]))
