<?php
declare(strict_types=1);

use Ledger\Money;
use PHPUnit\Framework\TestCase;

require_once __DIR__ . '/../src/Money.php';

final class MoneyTest extends TestCase
{
    public function testHalfGoesToTheEvenNeighbour(): void
    {
        $this->assertSame(2, Money::roundHalfEven(5, 2));
    }

    /** @dataProvider amounts */
    public function testRounds(int $part, int $expected): void
    {
        $this->assertSame($expected, Money::roundHalfEven($part, 2));
    }

    public function amounts(): array
    {
        return ['<four> & "more"' => [4, 2], 'seven' => [7, 4], 'wrong' => [7, 3]];
    }

    public function testThrows(): void
    {
        Money::roundHalfEven(1, 0);
    }

    public function testSkipped(): void
    {
        $this->markTestSkipped('needs a printer');
    }

    public function testIncomplete(): void
    {
        $this->markTestIncomplete('to be written');
    }

    public function testWithoutAssertions(): void
    {
    }

    public function testWarns(): void
    {
        trigger_error('something smells', E_USER_WARNING);
    }
}
