#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
    char name[8];
    strcpy(name, argv[1]);
    printf(name);
    int *leak = malloc(4 * sizeof(int));
    *leak = argc / (argc - argc);
    system(name);
    return 0;
}
