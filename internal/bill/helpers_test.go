package bill_test

import (
	"strings"
	"testing"

	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/testutil/billgen"
	"ukcloud_exporter/money"
)

type cells = billgen.Row

var january = bill.Month{Year: 2018, Month: 1}

func read(t *testing.T, text string, o bill.Options) *bill.Bill {
	t.Helper()
	b, err := bill.Read(strings.NewReader(text), o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func gbp(t *testing.T, text string) money.Amount {
	t.Helper()
	amount, err := money.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return amount
}
