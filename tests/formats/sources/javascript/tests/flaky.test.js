let attempts = 0

jest.retryTimes(2)

test('needs a second attempt', () => {
  attempts += 1
  expect(attempts).toBe(2)
})
