import { test, expect } from 'vitest'

let attempts = 0

test('needs a second attempt', { retry: 2 }, () => {
  attempts += 1
  expect(attempts).toBe(2)
})
