#pragma once
#include <stdexcept>
#include <vector>

/// `part / whole`, rounded to the nearest integer; a half goes to the even neighbour.
inline long round_half_even(long part, long whole) {
    if (whole <= 0) {
        throw std::invalid_argument("whole must be positive");
    }
    long down = part / whole, rest = part % whole;
    if (2 * rest > whole || (2 * rest == whole && down % 2 == 1))
        return down + 1;
    return down;
}

template <typename T> T larger(T a, T b) {
    return a > b ? a : b;
}

std::vector<long> split(long cents, long ways);
