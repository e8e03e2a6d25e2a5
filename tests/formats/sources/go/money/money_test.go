package money

import (
	"fmt"
	"os"
	"testing"
)

func TestHalfGoesToTheEvenNeighbour(t *testing.T) {
	if got, _ := RoundHalfEven(5, 2); got != 2 {
		t.Errorf("expected 2, got %d", got)
	}
}

func TestSubtests(t *testing.T) {
	for _, ways := range []int{1, 2, 3} {
		t.Run(fmt.Sprintf("into %d", ways), func(t *testing.T) {
			if len(Split(10, ways)) != ways {
				t.Error("wrong number of parts")
			}
		})
	}
}

func TestFails(t *testing.T) {
	if os.Getenv("PASS") != "quietly" {
		fmt.Print("no newline before the verdict")
	}
	if os.Getenv("PASS") == "" {
		got, _ := RoundHalfEven(5, 2)
		t.Errorf("expected <3> & \"more\", got %d", got)
	}
}

func TestSubtestFails(t *testing.T) {
	t.Run("inner", func(t *testing.T) {
		if os.Getenv("PASS") == "" {
			t.Fatal("fails inside")
		}
	})
}

func TestSkipped(t *testing.T) {
	t.Skip("needs a printer")
}

func ExampleSplit() {
	fmt.Println(Split(10, 3))
	// Output: [4 3 3]
}
