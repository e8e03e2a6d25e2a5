<?php
declare(strict_types=1);

use Ledger\Money;
use PHPUnit\Framework\TestCase;

require_once __DIR__ . '/../src/Money.php';

final class PassingTest extends TestCase
{
    public function testRoundsUp(): void
    {
        $this->assertSame(3, Money::roundHalfEven(8, 3));
    }
}
