const test = require('tape');

test('adds', (t) => {
  t.equal(2 + 3, 5, 'two and three');
  t.end();
});

test('subtracts', (t) => {
  t.equal(2 - 3, -1, 'two less three');
  t.end();
});
