// Package money rounds and splits amounts in whole cents.
package money

import "errors"

// RoundHalfEven is part / whole, rounded to the nearest integer; a half goes to the even neighbour.
func RoundHalfEven(part, whole int64) (int64, error) {
	if whole <= 0 {
		return 0, errors.New("whole must be positive")
	}
	down, rest := part/whole, part%whole
	if 2*rest > whole || 2*rest == whole && down%2 == 1 {
		return down + 1, nil
	}
	return down, nil
}

// Split gives equal parts that sum up to the amount.
func Split(cents int64, ways int) []int64 {
	parts := make([]int64, ways)
	for i := range parts {
		parts[i] = cents / int64(ways)
		if int64(i) < cents%int64(ways) {
			parts[i]++
		}
	}
	return parts
}
