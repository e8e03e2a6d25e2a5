package ledger;

/** The run that both tools measure. */
public final class Run {
    public static void main(String[] arguments) {
        Fee fee = new Fee(20);
        long sum = fee.of(10_000, false) + fee.of(500, false) + fee.of(-1, false) + fee.parsed("700");
        System.out.println(sum + " " + Fee.word(1) + " " + Fee.word(3));
    }
}
