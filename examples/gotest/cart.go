// Package gotest is a small shopping cart, with a test suite that Assay runs
// as a compiled binary in an image that holds nothing else.
package gotest

import "errors"

// ErrQuantity says that an item was added with no or a negative quantity.
var ErrQuantity = errors.New("quantity must be positive")

// Cart counts cents by item.
type Cart struct {
	cents map[string]int
}

// Add puts quantity items of the given price into the cart.
func (c *Cart) Add(item string, cents, quantity int) error {
	if quantity <= 0 {
		return ErrQuantity
	}
	if c.cents == nil {
		c.cents = map[string]int{}
	}
	c.cents[item] += cents * quantity
	return nil
}

// Total is the price of everything, in cents.
func (c *Cart) Total() int {
	total := 0
	for _, cents := range c.cents {
		total += cents
	}
	return total
}

// Discounted is the total less percent of it, rounded down.
func (c *Cart) Discounted(percent int) int {
	return c.Total() * (100 - percent) / 100
}
