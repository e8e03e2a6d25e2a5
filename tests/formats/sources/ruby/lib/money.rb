# Amounts in whole cents.
module Money
  # part / whole, rounded to the nearest integer; a half goes to the even neighbour.
  def self.round_half_even(part, whole)
    raise ArgumentError, 'whole must be positive' if whole <= 0

    down, rest = part.divmod(whole)
    if 2 * rest > whole || (2 * rest == whole && down.odd?)
      down + 1
    else
      down
    end
  end

  def self.never_called(flag)
    if flag
      1
    else
      2
    end
  end
end
