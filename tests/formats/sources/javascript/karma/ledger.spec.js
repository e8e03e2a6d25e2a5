describe('ledger', () => {
  it('adds', () => expect(2 + 3).toBe(5));
  it('rounds half even', () => expect(Math.round(2.5)).toBe(2));
  xit('does it later', () => {});
  it('throws', () => { throw new Error('no rate for EUR & USD'); });
  describe('with a broken fixture', () => {
    beforeEach(() => { throw new Error('the ledger is locked'); });
    it('never gets here', () => expect(1).toBe(1));
  });
});
