<?php
declare(strict_types=1);

namespace Ledger;

final class Money
{
    /** part / whole, rounded to the nearest integer; a half goes to the even neighbour. */
    public static function roundHalfEven(int $part, int $whole): int
    {
        if ($whole <= 0) {
            throw new \InvalidArgumentException('whole must be positive');
        }
        $down = intdiv($part, $whole);
        $rest = $part % $whole;
        if (2 * $rest > $whole || (2 * $rest === $whole && $down % 2 === 1)) {
            return $down + 1;
        }
        return $down;
    }

    public static function neverCalled(): int
    {
        return 1;
    }
}
