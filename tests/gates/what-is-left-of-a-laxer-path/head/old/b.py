a = 2
b = 3
c = 4
d = 5
