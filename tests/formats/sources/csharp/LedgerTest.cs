using System;
using NUnit.Framework;

namespace Ledger
{
    [TestFixture]
    public class MoneyTest
    {
        [Test]
        public void Adds() { Assert.AreEqual(5, 2 + 3); }

        [Test]
        public void RoundsHalfEven() { Assert.AreEqual(2, (int)Math.Round(2.5, MidpointRounding.AwayFromZero)); }

        [Test]
        public void Throws() { throw new InvalidOperationException("no rate for EUR & USD"); }

        [Test, Ignore("later")]
        public void Later() { }

        [Test]
        public void CannotSay() { Assert.Inconclusive("no database"); }

        [Test, ExpectedException(typeof(DivideByZeroException))]
        public void ExpectsAnException() { int zero = 0; Console.WriteLine(1 / zero); }

        [TestCase(1, 1)]
        [TestCase(2, 3)]
        public void Doubles(int amount, int half) { Assert.AreEqual(amount, half); }

        [Test]
        public void NotRunnable(int amount) { }
    }

    [TestFixture]
    public class BrokenTest
    {
        [TestFixtureSetUp]
        public void SetUp() { throw new Exception("the ledger is locked"); }

        [Test]
        public void NeverRuns() { }
    }
}
