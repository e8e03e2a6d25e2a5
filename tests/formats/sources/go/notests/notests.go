// Package notests has no tests.
package notests

// Never is never called.
func Never() int { return 1 }
