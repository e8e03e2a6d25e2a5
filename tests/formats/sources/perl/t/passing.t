use strict;
use warnings;
use Test::More;
ok(1, 'one');
subtest inner => sub { ok(1, "deep $_") for 1 .. 2; done_testing() };
done_testing();
