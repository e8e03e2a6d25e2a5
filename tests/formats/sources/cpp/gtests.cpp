#include "money.hpp"
#include <gtest/gtest.h>

TEST(Round, HalfGoesToTheEvenNeighbour) { EXPECT_EQ(round_half_even(5, 2), 2); }
TEST(Round, Fails) {
    EXPECT_EQ(round_half_even(5, 2), 3) << "<here> & \"there\"";
    EXPECT_EQ(round_half_even(7, 2), 3);
}
TEST(Round, Throws) { round_half_even(1, 0); }
TEST(Round, Skipped) { GTEST_SKIP() << "needs a printer"; }
TEST(Round, DISABLED_NotNow) { FAIL(); }
class Ways : public ::testing::TestWithParam<int> {};
TEST_P(Ways, PartsSumUp) {
    long sum = 0;
    for (long part : split(10, GetParam()))
        sum += part;
    EXPECT_EQ(sum, 10);
    RecordProperty("ways", GetParam());
}
INSTANTIATE_TEST_SUITE_P(Few, Ways, ::testing::Values(1, 2, 3));
class Broken : public ::testing::Test {
  protected:
    static void SetUpTestSuite() { FAIL() << "no database"; }
};
TEST_F(Broken, RunsAllTheSame) { SUCCEED(); }
