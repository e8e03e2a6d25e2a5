package ledger;

import org.junit.BeforeClass;
import org.junit.Test;

public class BrokenTest {
    @BeforeClass
    public static void prepare() {
        throw new IllegalStateException("no database");
    }

    @Test
    public void neverRuns() {}
}
