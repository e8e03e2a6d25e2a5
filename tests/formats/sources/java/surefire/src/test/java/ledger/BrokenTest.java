package ledger;

import org.junit.BeforeClass;
import org.junit.Test;

public class BrokenTest {
    @BeforeClass
    public static void lock() { throw new IllegalStateException("the ledger is locked"); }

    @Test
    public void neverRuns() { }
}
