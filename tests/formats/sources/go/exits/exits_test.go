package exits

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if os.Getenv("PASS") == "" {
		code = 3
	}
	os.Exit(code)
}

func TestPasses(t *testing.T) {}
