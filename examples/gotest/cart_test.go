package gotest

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestAnEmptyCartCostsNothing(t *testing.T) {
	var cart Cart
	if got := cart.Total(); got != 0 {
		t.Errorf("total is %d, want 0", got)
	}
}

func TestItemsAddUp(t *testing.T) {
	var cart Cart
	for item, cents := range map[string]int{"tea": 450, "cup": 1200} {
		if err := cart.Add(item, cents, 2); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := cart.Total(), 3300; got != want {
		t.Errorf("total is %d, want %d", got, want)
	}
}

func TestQuantityMustBePositive(t *testing.T) {
	var cart Cart
	if err := cart.Add("tea", 450, 0); !errors.Is(err, ErrQuantity) {
		t.Errorf("got %v, want %v", err, ErrQuantity)
	}
}

func TestDiscount(t *testing.T) {
	for name, test := range map[string]struct{ percent, want int }{
		"none": {0, 999},
		"ten":  {10, 899},
		"all":  {100, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var cart Cart
			if err := cart.Add("tea", 999, 1); err != nil {
				t.Fatal(err)
			}
			if got := cart.Discounted(test.percent); got != test.want {
				t.Errorf("%d percent off is %d, want %d", test.percent, got, test.want)
			}
		})
	}
}

func TestTheImageHasAPlaceForTemporaryFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "receipt.txt")
	if err := os.WriteFile(file, []byte("33.00"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPaymentProvider(t *testing.T) {
	if os.Getenv("PAYMENT_URL") == "" {
		t.Skip("no PAYMENT_URL: the provider is not tested here")
	}
	t.Fatal("this example brings no payment provider")
}
