package ledger;

import static org.junit.Assert.assertEquals;

import org.junit.Test;

public class PassingTest {
    @Test
    public void adds() { assertEquals(5, 2 + 3); }

    @Test
    public void subtracts() { assertEquals(-1, 2 - 3); }
}
