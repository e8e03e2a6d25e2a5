#define CATCH_CONFIG_MAIN
#include "money.hpp"
#include <catch2/catch.hpp>

TEST_CASE("a half goes to the even neighbour", "[round]") { CHECK(round_half_even(5, 2) == 2); }
TEST_CASE("fails <here> & \"there\"", "[round]") {
    CHECK(round_half_even(5, 2) == 3);
    SECTION("a section passes") { CHECK(round_half_even(4, 2) == 2); }
    SECTION("a section fails") { REQUIRE(round_half_even(4, 2) == 3); }
}
TEST_CASE("throws") { round_half_even(1, 0); }
TEST_CASE("may fail", "[!mayfail]") { CHECK(1 == 2); }
TEST_CASE("hidden", "[.]") { CHECK(1 == 2); }
