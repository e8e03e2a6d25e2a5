#include "money.hpp"

std::vector<long> split(long cents, long ways) {
    std::vector<long> parts;
    for (long i = 0; i < ways; ++i) {
        parts.push_back(cents / ways + (i < cents % ways ? 1 : 0));
    }
    return parts;
}

long never_called(long x) {
    if (x > 0)
        return 1;
    return 2;
}
