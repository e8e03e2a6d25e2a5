require_relative '../lib/money'

RSpec.describe Money do
  it('rounds up') { expect(Money.round_half_even(8, 3)).to eq 3 }
end
