package ledger;

/** Amounts in whole cents. */
public final class Money {
    private Money() {}

    /** {@code part / whole}, rounded to the nearest integer; a half goes to the even neighbour. */
    public static long roundHalfEven(long part, long whole) {
        if (whole <= 0) {
            throw new IllegalArgumentException("whole must be positive");
        }
        long down = part / whole, rest = part % whole;
        if (2 * rest > whole || 2 * rest == whole && down % 2 == 1) {
            return down + 1;
        }
        return down;
    }

    /** Equal parts that sum up to the amount. */
    public static long[] split(long cents, int ways) {
        long[] parts = new long[ways];
        for (int i = 0; i < ways; i++) {
            parts[i] = cents / ways + (i < cents % ways ? 1 : 0);
        }
        return parts;
    }

    static Runnable neverCalled(boolean flag) {
        return () -> System.out.println(flag ? "yes" : "no");
    }
}
