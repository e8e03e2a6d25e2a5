package ledger;

import static org.junit.Assert.assertEquals;

import org.junit.Assume;
import org.junit.Ignore;
import org.junit.Test;

public class MoneyTest {
    @Test
    public void halfGoesToTheEvenNeighbour() {
        assertEquals(2, Money.roundHalfEven(5, 2));
    }

    @Test
    public void fails() {
        System.out.println("<out> & \u0007");
        assertEquals("expected <here> & \"there\"", 3, Money.roundHalfEven(5, 2));
    }

    @Test
    public void raises() {
        Money.roundHalfEven(1, 0);
    }

    @Ignore("needs a printer")
    @Test
    public void skipped() {}

    @Test
    public void assumes() {
        Assume.assumeTrue("not on this system", false);
    }
}
