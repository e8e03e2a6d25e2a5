'use strict'

/** `part / whole`, rounded to the nearest integer; a half goes to the even neighbour. */
function roundHalfEven(part, whole) {
  if (whole <= 0) {
    throw new RangeError('whole must be positive')
  }
  const down = Math.floor(part / whole)
  const rest = part - down * whole
  if (2 * rest > whole) return down + 1
  return 2 * rest === whole && down % 2 === 1 ? down + 1 : down
}

/** Equal parts that sum up to the amount. */
function split(cents, ways) {
  const part = Math.floor(cents / ways)
  return Array.from({ length: ways }, (_, index) => (index < cents % ways ? part + 1 : part))
}

const refund = (cents, percent) => roundHalfEven(cents * percent, 100)

module.exports = { roundHalfEven, split, refund }
