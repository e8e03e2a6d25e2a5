require('./nowhere')

test('never seen', () => {})
