package panics

import (
	"os"
	"testing"
)

func TestPasses(t *testing.T) {}

func TestPanics(t *testing.T) {
	if os.Getenv("PASS") == "" {
		panic("no such account")
	}
}

func TestNeverRuns(t *testing.T) {}
