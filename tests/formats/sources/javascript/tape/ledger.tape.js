const test = require('tape');

test('adds', (t) => {
  t.equal(2 + 3, 5, 'two and three');
  t.end();
});

test('rounds half even', (t) => {
  t.plan(2);
  t.equal(Math.round(2.5), 2, 'down to the even one');
  t.equal(Math.round(3.5), 4, 'up to the even one');
});

test('later', { skip: true }, (t) => t.end());

test('not yet', { todo: true }, (t) => {
  t.fail('nobody wrote it');
  t.end();
});

test('throws', (t) => {
  t.throws(() => { throw new Error('no rate for EUR & USD'); }, /no rate/, 'says why');
  t.end();
});
