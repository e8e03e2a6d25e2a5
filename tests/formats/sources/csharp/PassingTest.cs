using NUnit.Framework;

namespace Ledger
{
    [TestFixture]
    public class PassingTest
    {
        [Test]
        public void Adds() { Assert.AreEqual(5, 2 + 3); }

        [Test]
        public void Subtracts() { Assert.AreEqual(-1, 2 - 3); }
    }
}
