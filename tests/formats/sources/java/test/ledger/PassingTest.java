package ledger;

import static org.junit.Assert.assertEquals;

import org.junit.Test;

public class PassingTest {
    @Test
    public void parts() {
        assertEquals(4, Money.split(10, 3)[0]);
    }

    @Test
    public void roundsUp() {
        assertEquals(3, Money.roundHalfEven(8, 3));
    }
}
