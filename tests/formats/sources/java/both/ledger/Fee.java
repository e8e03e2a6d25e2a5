package ledger;

/** What a transfer costs, without anything that Cobertura's instrumentation cannot read. */
public final class Fee {
    private final long floor;

    public Fee(long floor) {
        this.floor = floor;
    }

    public long of(long cents, boolean abroad) {
        if (cents <= 0 || cents > 1_000_000 && abroad) {
            return -1;
        }
        long fee = cents / 100;
        fee = abroad ? fee * 2 : fee;
        return fee < floor ? floor : fee;
    }

    public static String word(int kind) {
        switch (kind) {
            case 1:
                return "transfer";
            case 2:
                return "refund";
            default:
                return "other";
        }
    }

    public long parsed(String text) {
        try {
            return of(Long.parseLong(text), false);
        } catch (NumberFormatException error) {
            return floor;
        }
    }

    static int neverCalled(int[] all) {
        int sum = 0;
        for (int one : all) {
            sum += one;
        }
        return sum;
    }
}
