'use strict'

function never(called) {
  if (called) {
    return 1
  }
  return 2
}

module.exports = { never }
