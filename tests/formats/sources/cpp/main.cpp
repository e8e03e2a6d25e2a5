#include "money.hpp"
#include <cstdio>

int main(int argc, char **) {
    long sum = 0;
    for (long part : split(10, 3))
        sum += part;
    if (argc > 1) {
        std::puts("arguments are ignored");
    }
    int one = larger(1, 2);
    double two = larger(1.5, 0.5);
    std::printf("%ld %ld %d %.1f\n", sum, round_half_even(5, 2), one, two);
    return 0;
}
